using Muster.Contracts.Events;
using Muster.Contracts.Work;

namespace Muster.Proof.Checking;

/// <summary>What must hold of any store by itself, whoever wrote to it. Pure.</summary>
public static class StoreInvariants
{
    /// <summary>Events that end an attempt, by the state of the assignment that they tell of.</summary>
    private static readonly Dictionary<string, string[]> Ending = new(StringComparer.Ordinal)
    {
        [AssignmentState.Completed] = [EventTypes.TaskCompleted, EventTypes.TaskReview],
        [AssignmentState.Failed] = [EventTypes.TaskAttemptFailed, EventTypes.TaskFailed, EventTypes.TaskQuarantined],
        [AssignmentState.Released] = [EventTypes.TaskReleased],
        [AssignmentState.Expired] = [EventTypes.TaskExpired, EventTypes.TaskFailed, EventTypes.TaskQuarantined],
        [AssignmentState.Died] = [EventTypes.TaskReleased, EventTypes.TaskFailed, EventTypes.TaskQuarantined],
    };

    private static readonly HashSet<string> Ends = [.. Ending.Values.SelectMany(types => types)];

    public static IEnumerable<Breach> Check(StoreFacts facts) =>
        [.. facts.Damage.Select(text => new Breach(Rules.StoreDamaged, text)), .. Sequence(facts.Events), .. Attempts(facts), .. Readiness(facts), .. Counters(facts)];

    private static IEnumerable<Breach> Sequence(IReadOnlyList<EventFacts> events)
    {
        for (var i = 1; i < events.Count; i++)
        {
            if (events[i].Seq != events[i - 1].Seq + 1) yield return new Breach(Rules.EventGap, $"event {events[i].Seq} ({events[i].Type}) follows {events[i - 1].Seq}");
        }

        foreach (var twice in events.GroupBy(e => e.Id, StringComparer.Ordinal).Where(g => g.Count() > 1)) yield return new Breach(Rules.EventGap, $"event id {twice.Key} stands twice");
    }

    private static IEnumerable<Breach> Attempts(StoreFacts facts)
    {
        var assignments = facts.Assignments.ToLookup(a => a.TaskId, StringComparer.Ordinal);
        var events = facts.Events.Where(e => e.TaskId is not null).ToLookup(e => e.TaskId!, StringComparer.Ordinal);
        foreach (var task in facts.Tasks)
        {
            var attempts = assignments[task.Id].OrderBy(a => a.Epoch).ToList();
            if (!attempts.Select(a => a.Epoch).SequenceEqual(Enumerable.Range(1, task.Epoch)))
                yield return new Breach(Rules.Epochs, $"task {task.Number} is at epoch {task.Epoch} and has attempts {string.Join(' ', attempts.Select(a => a.Epoch))}");
            var active = attempts.Where(a => a.Status == AssignmentState.Active).ToList();
            if (active.Count > 1 || active.Count == 1 != (task.Status == TaskState.InProgress) || active.Count == 1 && (active[0].Id != task.AssignmentId || active[0].Epoch != task.Epoch))
                yield return new Breach(Rules.OneActive, $"task {task.Number} is {task.Status} with {active.Count} open assignments");
            foreach (var breach in Told(task, attempts, [.. events[task.Id]])) yield return breach;
        }
    }

    /// <summary>The log tells of each attempt its beginning and its end, once each and in order.</summary>
    private static IEnumerable<Breach> Told(TaskFacts task, List<AssignmentFacts> attempts, List<EventFacts> events)
    {
        if (events.Count(e => e.Type == EventTypes.TaskCreated) != 1)
            yield return new Breach(Rules.EventsDisagree, $"task {task.Number} has {events.Count(e => e.Type == EventTypes.TaskCreated)} events of its making");
        var claims = events.Where(e => e.Type == EventTypes.TaskClaimed).Select(e => e.Epoch ?? 0).ToList();
        if (!claims.SequenceEqual(attempts.Select(a => a.Epoch)))
            yield return new Breach(Rules.EventsDisagree, $"task {task.Number}: attempts {string.Join(' ', attempts.Select(a => a.Epoch))}, claims told {string.Join(' ', claims)}");
        foreach (var attempt in attempts.Where(a => a.Status != AssignmentState.Active && Ending.ContainsKey(a.Status)))
        {
            var ends = events.Count(e => Ends.Contains(e.Type) && e.Epoch == attempt.Epoch && Ending[attempt.Status].Contains(e.Type));
            // A review that was passed is told twice, as handed in and as done.
            var most = attempt.Status == AssignmentState.Completed && events.Any(e => e.Type == EventTypes.TaskReview) ? 2 : 1;
            if (ends < 1 || ends > most) yield return new Breach(Rules.EventsDisagree, $"task {task.Number}: attempt {attempt.Epoch} is {attempt.Status} and its end is told {ends} times");
        }

        var done = events.Count(e => e.Type == EventTypes.TaskCompleted);
        var completed = attempts.Count(a => a.Status == AssignmentState.Completed);
        if (task.Status == TaskState.Done && done != 1) yield return new Breach(Rules.EffectTwice, $"task {task.Number} is done and its completion is told {done} times");
        if (task.Status == TaskState.Done && completed != 1) yield return new Breach(Rules.EffectTwice, $"task {task.Number} is done by {completed} attempts");
    }

    private static IEnumerable<Breach> Readiness(StoreFacts facts)
    {
        var status = facts.Tasks.ToDictionary(t => t.Id, t => t.Status, StringComparer.Ordinal);
        var open = facts.Edges.Where(e => status.GetValueOrDefault(e.On) != TaskState.Done).GroupBy(e => e.Task, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        foreach (var task in facts.Tasks)
        {
            var waits = open.GetValueOrDefault(task.Id);
            if (task.OpenDependencies != waits) yield return new Breach(Rules.Readiness, $"task {task.Number} counts {task.OpenDependencies} open dependencies and has {waits}");
            var ready = task is { Status: TaskState.Pending, OpenDependencies: 0, Gated: false, NotBefore: null };
            if (task.Ready != ready) yield return new Breach(Rules.Readiness, $"task {task.Number} is {task.Status}, waits for {waits} and is marked {(task.Ready ? "ready" : "not ready")}");
        }
    }

    private static IEnumerable<Breach> Counters(StoreFacts facts) =>
        facts.Counters.Where(c => c.Kept != c.Counted).Select(c => new Breach(Rules.Counters, $"epic {c.Of} keeps {c.Kept} tasks in a counter and has {c.Counted}"));
}
