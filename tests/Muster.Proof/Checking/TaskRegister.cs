using Muster.Contracts.Work;

namespace Muster.Proof.Checking;

/// <summary>
/// A task as a register: free, held at an epoch, or ended. Looks for an order of the calls about it that explains every
/// answer, keeps calls that did not overlap in the order they happened, and ends where the store ended. When there is
/// none, something was accepted that must not have been, or was lost.
/// </summary>
/// <remarks>
/// There is such an order exactly when each call can be given a moment between its begin and its answer. A call only asks
/// whether its own epoch was held at that moment, and epochs are held one after the other, so a history falls apart into its
/// epochs: for each, the earliest moments of its beginning and its end that its calls allow. Earlier is never worse for the
/// epochs behind it. This looks through histories of any length; a search through all orders, which the tests compare it
/// with, does not.
/// </remarks>
public static class TaskRegister
{
    /// <summary>Null when there is such an order; otherwise the reason and the calls, for a person to read.</summary>
    public static string? Explain(IReadOnlyList<Call> calls, IReadOnlyList<AssignmentFacts> attempts)
    {
        var told = calls.Where(TellsSomething).ToList();
        return Why(told, [.. attempts.OrderBy(a => a.Epoch)]) is { } why ? $"{why}; {string.Join("; ", told.OrderBy(c => c.Begin).Select(Text))}" : null;
    }

    /// <summary>A call that changes nothing and had no answer says nothing, and neither does a refused one.</summary>
    private static bool TellsSomething(Call call) => call.End switch
    {
        Ends.Ok => call.Kind != Kinds.Create,
        Ends.Stale => true,
        Ends.Unknown => IsHandIn(call),
        _ => false,
    };

    private static string? Why(List<Call> calls, List<AssignmentFacts> attempts)
    {
        if (!attempts.Select(a => a.Epoch).SequenceEqual(Enumerable.Range(1, attempts.Count))) return "the epochs of its attempts do not count 1, 2, 3 ...";
        if (calls.Find(c => c.End == Ends.Ok && (c.Epoch < 1 || c.Epoch > attempts.Count)) is { } beyond) return $"the store has no epoch {beyond.Epoch}";
        var byEpoch = calls.ToLookup(c => c.Epoch);
        var free = long.MinValue;
        foreach (var attempt in attempts)
        {
            var last = attempt.Epoch == attempts.Count;
            if (!last && attempt.Status is AssignmentState.Active or AssignmentState.Completed) return $"epoch {attempt.Epoch} is {attempt.Status} and was followed by another";
            if (End(attempt, [.. byEpoch[attempt.Epoch]], free) is not { } end) return $"epoch {attempt.Epoch}, which is {attempt.Status}, finds no place";
            free = end;
        }

        return null;
    }

    /// <summary>The earliest moment at which an attempt can have ended, when the one before it ended at a given moment; null when there is none.</summary>
    private static long? End(AssignmentFacts attempt, List<Call> calls, long free)
    {
        var claims = calls.Where(c => c is { Kind: Kinds.Claim, End: Ends.Ok }).ToList();
        if (claims.Count > 1) return null;
        var within = calls.Where(c => c is { Kind: Kinds.Write or Kinds.Renew, End: Ends.Ok }).ToList();
        var stale = calls.Where(c => c.End == Ends.Stale).ToList();
        // A hand-in of another kind than the one the store has was taken, and is gone.
        if (calls.Exists(c => c.End == Ends.Ok && IsHandIn(c) && Status(c.Kind) != attempt.Status)) return null;
        // A claim whose caller never heard of it happened at some time.
        var begin = Math.Max(free, claims.Count == 0 ? long.MinValue : claims[0].Begin);
        var latestBegin = Math.Min(claims.Count == 0 ? long.MaxValue : claims[0].Answered, within.Count == 0 ? long.MaxValue : within.Min(c => c.Answered));
        var used = within.Count == 0 ? long.MinValue : within.Max(c => c.Begin);
        while (begin <= latestBegin)
        {
            if (Earliest(attempt, calls, Math.Max(begin, used)) is not { } end) return null;
            // Refused calls stand behind the end, or else before the beginning, which has to move behind their begin.
            var before = stale.Where(c => c.Answered < end).Select(c => c.Begin).DefaultIfEmpty(long.MinValue).Max();
            if (before <= begin) return end;
            begin = before;
        }

        return null;
    }

    /// <summary>When the attempt ended, not before a given moment, by one of the calls that may have ended it or by the plane itself.</summary>
    private static long? Earliest(AssignmentFacts attempt, List<Call> calls, long after)
    {
        if (attempt.Status == AssignmentState.Active) return long.MaxValue;
        var handIns = calls.Where(c => c.End is Ends.Ok or Ends.Unknown && IsHandIn(c) && Status(c.Kind) == attempt.Status).ToList();
        // The same hand-in again gets the same answer and changes nothing: it stands behind the first.
        var latest = handIns.Where(c => c.End == Ends.Ok).Select(c => c.Answered).DefaultIfEmpty(long.MaxValue).Min();
        long? end = attempt.Status is AssignmentState.Expired or AssignmentState.Died or AssignmentState.Revoked
            ? after
            : handIns.Where(c => Math.Max(after, c.Begin) <= c.Answered).Select(c => (long?)Math.Max(after, c.Begin)).Min();
        return end <= latest ? end : null;
    }

    private static bool IsHandIn(Call call) => call.Kind is Kinds.Complete or Kinds.Fail or Kinds.Release;

    private static string Status(string kind) => kind switch
    {
        Kinds.Complete => AssignmentState.Completed,
        Kinds.Fail => AssignmentState.Failed,
        _ => AssignmentState.Released,
    };

    private static string Text(Call call) => $"{call.Kind} {call.Epoch} {call.End} [{call.Begin}, {(call.Answered == long.MaxValue ? "-" : call.Answered)}]";
}
