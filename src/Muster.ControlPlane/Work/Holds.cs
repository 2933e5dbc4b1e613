using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>
/// Tasks that were handed back because no model could be asked for them, or because an agent asked a person: they wait with the reason, and for a time after
/// which they are tried all the same, so that a word that never comes leaves none behind.
/// </summary>
public static class Holds
{
    private static readonly string[] Codes = [WaitingCodes.Budget, WaitingCodes.ProviderDown, WaitingCodes.Approval];
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    // People sleep. An agent that comes to it without an answer asks nothing of a model and hands it back again. A budget that is
    // raised, or begins anew, is heard of; each try before would use up a little of what is left.
    private static readonly TimeSpan WaitForPerson = TimeSpan.FromHours(24);

    /// <summary>What an agent asks for when it hands a task back; null when it asks for nothing.</summary>
    public static TaskHold? Of(StoreTransaction tx, ReleaseAssignment body) => body.WaitFor is not { } code ? null
        : new TaskHold(code, tx.Now + (long)Wait(code, body.WaitSeconds).TotalMilliseconds);

    public static void Check(ReleaseAssignment body) => new Checked()
        .Require(body.WaitFor is null || Codes.Contains(body.WaitFor), "waitFor", $"waitFor is one of {string.Join(", ", Codes)}.")
        .Require(body.WaitSeconds is null || double.IsFinite(body.WaitSeconds.Value), "waitSeconds", "waitSeconds is a number of seconds.").ThrowIfWrong();

    private static TimeSpan Wait(string code, double? seconds)
    {
        if (code == WaitingCodes.Approval) return WaitForPerson;
        var longest = code == WaitingCodes.Budget ? WaitForPerson : LongestWait;
        return TimeSpan.FromSeconds(Math.Clamp(seconds ?? longest.TotalSeconds, ShortestWait.TotalSeconds, longest.TotalSeconds));
    }

    /// <summary>What was waited for may be there: all that wait for it are tried again.</summary>
    public static int Lift(StoreTransaction tx, string code)
    {
        var held = tx.Query<string>("UPDATE tasks SET not_before = NULL, not_before_code = NULL, hold_code = NULL, updated_at = @Now WHERE hold_code = @code AND status = 'pending' RETURNING id", new { code, tx.Now });
        foreach (var id in held) Readiness.Refresh(tx, id);
        return held.Count;
    }

    /// <summary>Somebody answered: a task that waits for that goes on.</summary>
    public static void Answered(StoreTransaction tx, string taskId)
    {
        var freed = tx.Execute(
            "UPDATE tasks SET not_before = NULL, not_before_code = NULL, hold_code = NULL, updated_at = @Now WHERE id = @taskId AND hold_code = @code AND status = 'pending'",
            new { taskId, code = WaitingCodes.Approval, tx.Now });
        if (freed > 0) Readiness.Refresh(tx, taskId);
    }

    /// <summary>The reason as part of a sentence.</summary>
    public static string Sentence(string code) => code switch
    {
        WaitingCodes.Budget => "a budget for models is used up; `muster budget list` shows them, `muster budget set` raises one",
        WaitingCodes.Approval => "an agent has asked a question; `muster task show` has it, `muster task comment` answers it",
        _ => "no provider of its model answers; it goes on by itself when one does, and `muster models` says how they are",
    };
}

/// <param name="Code">One of the <see cref="WaitingCodes"/> for which an agent may hand a task back.</param>
/// <param name="Until">When it is tried again although nobody said that it can be.</param>
public sealed record TaskHold(string Code, long Until);
