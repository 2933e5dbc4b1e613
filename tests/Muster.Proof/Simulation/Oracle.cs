using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Simulation;

/// <summary>
/// The model: what each call may answer and may change, given what stood there before, and when each lease ends. Knows
/// nothing of how the plane does it.
/// </summary>
internal sealed class Oracle(VirtualTime time, TimeSpan lease)
{
    private readonly Dictionary<string, TimeSpan> _until = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimAnswer> _answered = new(StringComparer.Ordinal);
    private readonly List<Breach> _breaches = [];

    public IReadOnlyList<Breach> Breaches => _breaches;

    /// <summary>After a start every open lease has its whole length again.</summary>
    public void Opened(IReadOnlyDictionary<string, Row> rows)
    {
        _until.Clear();
        foreach (var row in rows.Values.Where(r => r.Status == TaskState.InProgress)) _until[row.Id] = time.Elapsed + lease;
    }

    /// <summary>The lease sweep takes back what is over, all of it, and nothing else.</summary>
    public void Swept(IReadOnlyDictionary<string, Row> before, IReadOnlyDictionary<string, Row> after)
    {
        foreach (var (id, was) in before)
        {
            var over = was.Status == TaskState.InProgress && _until.TryGetValue(id, out var until) && until <= time.Elapsed;
            var taken = was.Status == TaskState.InProgress && after[id].Status != TaskState.InProgress;
            if (over != taken) Add(Rules.Transition, $"sweep at {time.Elapsed}: task {was.Number} held until {_until.GetValueOrDefault(id)} is now {after[id].Status}");
            if (taken) _until.Remove(id);
            else if (was with { Ready = false, NotBefore = null } != after[id] with { Ready = false, NotBefore = null }) Add(Rules.Transition, $"the sweep changed task {was.Number} from {was} to {after[id]}");
        }
    }

    public void Judge(SimCall call, SimAnswer answer, IReadOnlyDictionary<string, Row> before, IReadOnlyDictionary<string, Row> after)
    {
        if (answer.Status >= 500) Add(Rules.Answer, $"{call.Text}: {answer.Status} {answer.Body}");
        var changed = after.Values.Where(a => !before.TryGetValue(a.Id, out var was) || (was.Status, was.Epoch, was.AssignmentId) != (a.Status, a.Epoch, a.AssignmentId)).ToList();
        if (call.Request.Key is { } key && _answered.TryGetValue(key, out var first) && !IsClaimedAgain(call, answer, first, before, changed))
        {
            if (call.Kind != Kinds.Claim && (changed.Count > 0 || answer.Status != first.Status))
                Add(Rules.EffectTwice, $"{call.Text} came again: answered {first.Status}, then {answer.Status}, and changed {Text(changed)}");
            return;
        }

        if (!answer.IsOk)
        {
            if (changed.Count > 0) Add(Rules.Transition, $"{call.Text} was refused with {answer.Status} and changed {Text(changed)}");
            if (call.Lease is not null && IsCurrent(before, call) && answer.Status == 409) Add(Rules.Answer, $"{call.Text} was refused although its lease is current: {answer.Body}");
            return;
        }

        if (call.Request.Key is { } fresh && (call.Kind != Kinds.Claim || answer.Read<ClaimAnswer>().Tasks.Count > 0)) _answered[fresh] = answer;
        switch (call.Kind)
        {
            case Kinds.Claim: Claimed(call, answer.Read<ClaimAnswer>(), before, after, changed); break;
            case Kinds.Complete: Ended(call, [TaskState.Done], before, after, changed); break;
            case Kinds.Fail: Ended(call, [TaskState.Pending, TaskState.Failed, TaskState.Quarantined], before, after, changed); break;
            case Kinds.Release: Ended(call, [TaskState.Pending], before, after, changed); break;
            case Kinds.Renew: Renewed(call, answer.Read<HeartbeatAnswer>(), before, changed); break;
            case Kinds.Write: Wrote(call, before, changed); break;
            case Kinds.Create: Only(call, changed, after.Values.SingleOrDefault(a => !before.ContainsKey(a.Id))?.Id, "new", TaskState.Pending, before); break;
            case "cancel": Only(call, changed, call.TaskId, "open", TaskState.Cancelled, before); break;
            case "retry": Only(call, changed, call.TaskId, "closed", TaskState.Pending, before); break;
            default: throw new InvalidOperationException($"The oracle does not know {call.Kind}.");
        }
    }

    /// <summary>
    /// A claim that comes again is given what it still holds of what it was given. When it holds nothing of it any more it is
    /// a claim like any other: whoever does not hear of it loses it with the lease.
    /// </summary>
    private bool IsClaimedAgain(SimCall call, SimAnswer answer, SimAnswer first, IReadOnlyDictionary<string, Row> before, List<Row> changed)
    {
        if (call.Kind != Kinds.Claim) return false;
        var held = Given(first).Where(g => before.TryGetValue(g.Task, out var row) && row.Status == TaskState.InProgress && row.Epoch == g.Epoch).ToHashSet();
        if (held.Count == 0) return true;
        if (changed.Count > 0 || !answer.IsOk || !held.SetEquals(Given(answer))) Add(Rules.EffectTwice, $"{call.Text} came again, was answered {answer.Status} and changed {Text(changed)}");
        return false;
    }

    private static IEnumerable<(string Task, int Epoch)> Given(SimAnswer answer) => answer.Read<ClaimAnswer>().Tasks.Select(t => (t.Task.Id, t.Assignment.Epoch));

    private void Claimed(SimCall call, ClaimAnswer answer, IReadOnlyDictionary<string, Row> before, IReadOnlyDictionary<string, Row> after, List<Row> changed)
    {
        var given = answer.Tasks.Select(t => t.Task.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var task in answer.Tasks)
        {
            var was = before[task.Task.Id];
            if (!was.Ready || was.Status != TaskState.Pending) Add(Rules.GrantedTwice, $"{call.Text} was given task {was.Number}, which was {was.Status}");
            if (task.Assignment.Epoch != was.Epoch + 1 || after[was.Id].Epoch != task.Assignment.Epoch || task.Assignment.Agent != call.Agent)
                Add(Rules.Epochs, $"{call.Text} was given task {was.Number} at epoch {task.Assignment.Epoch} for {task.Assignment.Agent} after {was.Epoch}");
            _until[was.Id] = time.Elapsed + lease;
        }

        if (!changed.Select(c => c.Id).ToHashSet(StringComparer.Ordinal).SetEquals(given)) Add(Rules.Transition, $"{call.Text} was given {given.Count} tasks and changed {Text(changed)}");
        // An agent leaves a task that it failed to others for a while.
        var free = before.Values.Where(r => r.Ready && r.AvoidAgentId is null).ToList();
        var withheld = free.Where(r => !given.Contains(r.Id)).ToList();
        if (given.Count < call.Max && withheld.Count > 0) Add(Rules.Stuck, $"{call.Text} was given {given.Count} of {call.Max} tasks while task {withheld[0].Number} was ready");
        if (answer.Tasks.Count > 0 && withheld.Count > 0 && withheld.Min(r => r.Priority) is var urgent && answer.Tasks.Max(t => before[t.Task.Id].Priority) > urgent)
            Add(Rules.Transition, $"{call.Text} was given a less urgent task than one of priority {urgent}");
    }

    private void Ended(SimCall call, string[] states, IReadOnlyDictionary<string, Row> before, IReadOnlyDictionary<string, Row> after, List<Row> changed)
    {
        if (!IsCurrent(before, call))
        {
            // The same hand-in again: answered as before, and nothing happens.
            if (changed.Count > 0) Add(Rules.StaleAccepted, $"{call.Text} has no current lease and changed {Text(changed)}");
            return;
        }

        if (changed.Count != 1 || changed[0].Id != call.TaskId || !states.Contains(changed[0].Status, StringComparer.Ordinal)) Add(Rules.Transition, $"{call.Text} changed {Text(changed)}");
        _until.Remove(call.TaskId!);
        if (after[call.TaskId!].Status != TaskState.Done) return;
        foreach (var (id, was) in before.Where(b => call.Successors(b.Key, call.TaskId!)))
            if (after[id].OpenDependencies != was.OpenDependencies - 1) Add(Rules.Readiness, $"{call.Text} left its successor {was.Number} with {after[id].OpenDependencies} of {was.OpenDependencies} open dependencies");
    }

    private void Renewed(SimCall call, HeartbeatAnswer answer, IReadOnlyDictionary<string, Row> before, List<Row> changed)
    {
        if (changed.Count > 0) Add(Rules.Transition, $"{call.Text} changed {Text(changed)}");
        for (var i = 0; i < answer.Leases.Count; i++)
        {
            var (task, epoch) = call.Renews[i];
            var current = before.TryGetValue(task, out var row) && row.Status == TaskState.InProgress && row.Epoch == epoch;
            if (answer.Leases[i].Current != current) Add(Rules.StaleAccepted, $"{call.Text}: task {row?.Number} at epoch {epoch} is said to be {(answer.Leases[i].Current ? "" : "not ")}current");
            if (current) _until[task] = time.Elapsed + lease;
        }
    }

    private void Wrote(SimCall call, IReadOnlyDictionary<string, Row> before, List<Row> changed)
    {
        if (changed.Count > 0) Add(Rules.Transition, $"{call.Text} changed {Text(changed)}");
        if (!IsCurrent(before, call)) Add(Rules.StaleAccepted, $"{call.Text} was taken and its lease is not current");
    }

    private void Only(SimCall call, List<Row> changed, string? id, string from, string to, IReadOnlyDictionary<string, Row> before)
    {
        var fits = changed.Count == 1 && changed[0].Id == id && changed[0].Status == to && from switch
        {
            "new" => !before.ContainsKey(id!),
            "open" => !TaskLifecycle.IsFinal(before[id!].Status),
            _ => TaskLifecycle.IsFinal(before[id!].Status),
        };
        if (!fits) Add(Rules.Transition, $"{call.Text} changed {Text(changed)}");
        if (id is not null) _until.Remove(id);
    }

    private static bool IsCurrent(IReadOnlyDictionary<string, Row> rows, SimCall call) =>
        call.TaskId is not null && rows.TryGetValue(call.TaskId, out var row) && row.Status == TaskState.InProgress && row.Epoch == call.Epoch;

    private static string Text(List<Row> rows) => rows.Count == 0 ? "nothing" : string.Join(", ", rows.Select(r => $"task {r.Number} to {r.Status} at epoch {r.Epoch}"));

    public void Add(string rule, string text) => _breaches.Add(new Breach(rule, text));
}
