using System.Runtime.InteropServices;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Tests;

/// <summary>
/// The same question as <see cref="TaskRegister"/> answers, by trying every order of the calls (Wing and Gong, with the states
/// already seen left out). Fit for small histories only, and so plain that one believes it: what the other one is compared with.
/// </summary>
internal static class ExhaustiveSearch
{
    private enum Phase
    {
        Free,
        Held,
        Ended,
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct State(int Epoch, Phase Phase);

    /// <param name="Must">Whether it took effect for certain; the others may have.</param>
    private sealed record Step(string Kind, string End, int Epoch, long Begin, long Answered, bool Must);

    public static bool Explains(IReadOnlyList<Call> calls, IReadOnlyList<AssignmentFacts> attempts)
    {
        var steps = Steps(calls, attempts);
        if (steps.Count > 128) throw new ArgumentException("What the search remembers fits 128 calls.", nameof(calls));
        steps.Sort((a, b) => a.Begin.CompareTo(b.Begin));
        return Search(steps, attempts.ToDictionary(a => a.Epoch, a => a.Status));
    }

    /// <summary>The calls that callers know of, and what the plane did by itself or for callers who never heard of it.</summary>
    private static List<Step> Steps(IReadOnlyList<Call> calls, IReadOnlyList<AssignmentFacts> attempts)
    {
        var steps = new List<Step>();
        foreach (var call in calls.Where(TellsSomething))
            steps.Add(new Step(call.Kind, call.End, call.Epoch, call.Begin, call.Answered, call.End is Ends.Ok or Ends.Stale));
        foreach (var attempt in attempts)
        {
            if (!calls.Any(c => c.Kind == Kinds.Claim && c.End == Ends.Ok && c.Epoch == attempt.Epoch))
                steps.Add(new Step(Kinds.Claim, Ends.Ok, attempt.Epoch, long.MinValue, long.MaxValue, true));
            if (attempt.Status is AssignmentState.Expired or AssignmentState.Died or AssignmentState.Revoked)
                steps.Add(new Step(attempt.Status, Ends.Ok, attempt.Epoch, long.MinValue, long.MaxValue, true));
        }

        return steps;
    }

    /// <summary>A call that changes nothing and had no answer says nothing, and neither does a refused one.</summary>
    private static bool TellsSomething(Call call) => call.End switch
    {
        Ends.Ok => call.Kind != Kinds.Create,
        Ends.Stale => true,
        Ends.Unknown => call.Kind is Kinds.Complete or Kinds.Fail or Kinds.Release,
        _ => false,
    };

    private static bool Search(List<Step> steps, Dictionary<int, string> endings)
    {
        var must = UInt128.Zero;
        for (var i = 0; i < steps.Count; i++) if (steps[i].Must) must |= UInt128.One << i;
        var seen = new HashSet<(UInt128, State)>();
        var open = new Stack<(UInt128 Done, State State)>();
        open.Push((UInt128.Zero, new State(0, Phase.Free)));
        while (open.TryPop(out var at))
        {
            if ((at.Done & must) == must && IsEnd(at.State, endings)) return true;
            if (!seen.Add(at)) continue;
            // Whatever was answered before another call began must come before it.
            var first = long.MaxValue;
            for (var i = 0; i < steps.Count; i++)
                if ((at.Done >> i & 1) == 0 && steps[i].Must) first = Math.Min(first, steps[i].Answered);
            for (var i = steps.Count - 1; i >= 0; i--)
            {
                if ((at.Done >> i & 1) != 0 || steps[i].Begin > first) continue;
                if (Apply(at.State, steps[i], endings) is { } next) open.Push((at.Done | UInt128.One << i, next));
            }
        }

        return false;
    }

    /// <summary>Where the calls lead must be where the store is.</summary>
    private static bool IsEnd(State state, Dictionary<int, string> endings)
    {
        var last = endings.Count == 0 ? 0 : endings.Keys.Max();
        if (state.Epoch != last) return false;
        return last == 0 || state.Phase == After(endings[last]);
    }

    private static Phase After(string ending) => ending switch
    {
        AssignmentState.Active => Phase.Held,
        AssignmentState.Completed => Phase.Ended,
        _ => Phase.Free,
    };

    private static State? Apply(State state, Step step, Dictionary<int, string> endings)
    {
        var held = state.Phase == Phase.Held && state.Epoch == step.Epoch;
        if (step.Kind == Kinds.Claim) return state.Phase == Phase.Free && step.Epoch == state.Epoch + 1 ? new State(step.Epoch, Phase.Held) : null;
        if (step.End == Ends.Stale) return held ? null : state;
        if (step.Kind is Kinds.Renew or Kinds.Write) return held ? state : null;
        // The same hand-in again gets the same answer and changes nothing.
        if (!held) return step.End == Ends.Ok && state.Epoch >= step.Epoch && endings.GetValueOrDefault(step.Epoch) == Status(step.Kind) ? state : null;
        return new State(step.Epoch, After(Status(step.Kind)));
    }

    private static string Status(string kind) => kind switch
    {
        Kinds.Complete => AssignmentState.Completed,
        Kinds.Fail => AssignmentState.Failed,
        Kinds.Release => AssignmentState.Released,
        _ => kind,
    };
}
