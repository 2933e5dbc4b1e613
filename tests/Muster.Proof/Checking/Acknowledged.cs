using Muster.Contracts.Work;

namespace Muster.Proof.Checking;

/// <summary>What callers were told against what the store holds. Reads acknowledgements only, never what anybody meant to do. Pure.</summary>
public static class Acknowledged
{
    /// <param name="facts">What the store holds.</param>
    /// <param name="calls">What callers were told.</param>
    /// <param name="lag">
    /// Of several planes, how far one may be behind the others, in the clock's ticks: a renewal says what its plane has heard. It is no right to
    /// write; whether a write is taken the store decides, and nothing is forgiven there.
    /// </param>
    public static IEnumerable<Breach> Check(StoreFacts facts, IReadOnlyList<Call> calls, long lag = 0)
    {
        var attempts = facts.Assignments.ToLookup(a => a.TaskId, StringComparer.Ordinal);
        return [.. Created(facts, calls), .. Granted(facts, calls), .. Ended(facts, calls), .. Effects(facts, calls), .. Registers(attempts, calls, lag)];
    }

    private static IEnumerable<Breach> Created(StoreFacts facts, IReadOnlyList<Call> calls)
    {
        var tasks = facts.Tasks.Select(t => t.Id).ToHashSet(StringComparer.Ordinal);
        return calls.Where(c => c is { Kind: Kinds.Create, End: Ends.Ok } && !tasks.Contains(c.Task)).Select(c => new Breach(Rules.AcknowledgedLost, $"task {c.Task} ({c.Effect}) was acknowledged and is not in the store"));
    }

    private static IEnumerable<Breach> Granted(StoreFacts facts, IReadOnlyList<Call> calls)
    {
        var rows = facts.Assignments.ToDictionary(a => (a.TaskId, a.Epoch));
        var granted = calls.Where(c => c is { Kind: Kinds.Claim, End: Ends.Ok }).ToList();
        foreach (var grant in granted)
        {
            if (!rows.TryGetValue((grant.Task, grant.Epoch), out var row))
                yield return new Breach(Rules.AcknowledgedLost, $"task {grant.Task} was given to {grant.Agent} at epoch {grant.Epoch} and the store does not know of it");
            else if (row.Agent != grant.Agent || grant.Assignment is not null && row.Id != grant.Assignment)
                yield return new Breach(Rules.GrantedTwice, $"task {grant.Task} at epoch {grant.Epoch} was given to {grant.Agent} ({grant.Assignment}) and the store gave it to {row.Agent} ({row.Id})");
        }

        foreach (var twice in granted.GroupBy(g => (g.Task, g.Epoch)).Where(g => g.Select(x => (x.Agent, x.Assignment)).Distinct().Count() > 1))
            yield return new Breach(Rules.GrantedTwice, $"task {twice.Key.Task} at epoch {twice.Key.Epoch} was given to {string.Join(" and ", twice.Select(g => g.Agent))}");
    }

    private static IEnumerable<Breach> Ended(StoreFacts facts, IReadOnlyList<Call> calls)
    {
        var rows = facts.Assignments.ToDictionary(a => (a.TaskId, a.Epoch));
        foreach (var call in calls.Where(c => c is { End: Ends.Ok, Kind: Kinds.Complete or Kinds.Fail or Kinds.Release }))
        {
            var wanted = call.Kind switch { Kinds.Complete => AssignmentState.Completed, Kinds.Fail => AssignmentState.Failed, _ => AssignmentState.Released };
            var status = rows.GetValueOrDefault((call.Task, call.Epoch))?.Status ?? "missing";
            if (status != wanted) yield return new Breach(Rules.AcknowledgedLost, $"{call.Kind} of task {call.Task} at epoch {call.Epoch} was acknowledged to {call.Agent} and the attempt is {status}");
        }
    }

    private static IEnumerable<Breach> Effects(StoreFacts facts, IReadOnlyList<Call> calls)
    {
        foreach (var group in calls.Where(c => c.Effect is not null).GroupBy(c => c.Effect!, StringComparer.Ordinal))
        {
            var found = facts.Effects.GetValueOrDefault(group.Key);
            if (found > 1) yield return new Breach(Rules.EffectTwice, $"effect {group.Key} is there {found} times");
            if (found == 0 && group.Any(c => c.End == Ends.Ok)) yield return new Breach(Rules.AcknowledgedLost, $"effect {group.Key} was acknowledged and is not in the store");
            if (found == 1 && group.All(c => c.End is Ends.Stale or Ends.Refused or Ends.Full)) yield return new Breach(Rules.StaleAccepted, $"effect {group.Key} was refused and is in the store");
        }
    }

    private static IEnumerable<Breach> Registers(ILookup<string, AssignmentFacts> attempts, IReadOnlyList<Call> calls, long lag)
    {
        foreach (var task in calls.Where(c => c.Task.Length > 0).GroupBy(c => c.Task, StringComparer.Ordinal))
        {
            if (TaskRegister.Explain([.. task.Select(c => c is { Kind: Kinds.Renew, End: Ends.Ok } ? c with { Begin = c.Begin - lag } : c)], [.. attempts[task.Key]]) is { } why)
                yield return new Breach(Rules.NotLinearizable, $"no order of its calls explains task {task.Key}: {why}");
        }
    }
}
