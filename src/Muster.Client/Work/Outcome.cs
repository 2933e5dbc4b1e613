using Muster.Contracts.Work;

namespace Muster.Client.Work;

/// <summary>How an attempt is to be handed in. Only one of the three is set; none for a lease that is lost.</summary>
internal sealed record Outcome
{
    private const int MaxReason = 2000;

    public CompleteAssignment? Complete { get; private init; }

    public FailAssignment? Fail { get; private init; }

    public ReleaseAssignment? Release { get; private init; }

    public static Outcome Lost { get; } = new();

    public static Outcome Completed(CompleteAssignment result) => new() { Complete = result };

    public static Outcome Failed(string? reason, bool retry, string? lesson = null) =>
        new()
        {
            Fail = new FailAssignment { Reason = string.IsNullOrWhiteSpace(reason) ? "failed without a reason" : Bounded(reason), Retry = retry, Lesson = lesson },
        };

    public static Outcome Released(string? reason, string? wipSha, string? waitFor = null, TimeSpan? wait = null) =>
        new() { Release = new ReleaseAssignment { Reason = reason is null ? null : Bounded(reason), WipSha = wipSha, WaitFor = waitFor, WaitSeconds = wait?.TotalSeconds } };

    /// <summary>
    /// Decides from what the task's code did. What it said outright counts; else a cancelled token means that it was interrupted,
    /// even if it returned as though it had finished.
    /// </summary>
    public static Outcome Decide(Outcome? said, Exception? error, TaskStop cause, string? why)
    {
        if (cause == TaskStop.LeaseLost || error is LeaseLostException)
            return Lost;
        if (error is TaskFailedException failure)
            return Failed(failure.Message, failure.Retry);
        if (said is not null && (error is null || cause != TaskStop.None))
            return said;
        if (cause != TaskStop.None)
            return Released(why, null);
        return error switch
        {
            null => Completed(new CompleteAssignment()),
            PlaneUnreachableException => Released("the plane could not be reached", null),
            _ => Failed(error is OperationCanceledException ? $"gave up: {error.Message}" : error.Message, retry: true),
        };
    }

    private static string Bounded(string text)
    {
        if (text.Length <= MaxReason)
            return text;
        var end = char.IsHighSurrogate(text[MaxReason - 2]) ? MaxReason - 2 : MaxReason - 1;
        return string.Concat(text.AsSpan(0, end), "…");
    }
}
