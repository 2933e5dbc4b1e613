using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles.Notes;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>
/// Agents hand their work in. A contract that asks for evidence puts the task into review, an empty one ends it. Hand-ins
/// that arrive together are carried out together; each stands or falls with its own lease.
/// </summary>
public sealed class CompleteAssignments(Store store, ProjectDirectory projects, AgentNames agents) : BulkOperation<CompleteItem, AssignmentInfo>
{
    private static readonly RowsStatement Held = new(
        $$"""
        SELECT {{TaskRow.HandedInColumns}}, {place tasks}, {place s}, r.n, s.note, s.wip_sha, s.rehearsal, s.lease_until, s.started_at, CASE WHEN EXISTS (SELECT 1 FROM edges e WHERE e.depends_on = tasks.id) THEN 1 ELSE 0 END
          FROM {rows} CROSS JOIN tasks CROSS JOIN assignments s
         WHERE tasks.id = r.task_id AND s.id = r.assignment_id
           AND CASE WHEN tasks.status = 'in_progress' AND tasks.epoch = r.epoch AND tasks.assignment_id = r.assignment_id THEN 1 ELSE 0 END = 1 {lock tasks}
        """, "task_id", "epoch#", "assignment_id", "n#");

    private static readonly RowsStatement EndAssignments = new(
        """
        UPDATE assignments SET status = 'completed', head_sha = r.head_sha, summary = r.summary, percent_complete = 100, ended_at = {now}
          FROM {rows} WHERE {place assignments} = r.place
        """, "place", "head_sha", "summary");

    private static readonly RowsStatement EndTasks = new(
        """
        UPDATE tasks SET previous_status = tasks.status, status = r.status, assignment_id = NULL, head_sha = COALESCE(r.head_sha, tasks.head_sha),
               percent_complete = CASE WHEN r.status = 'done' THEN 100 ELSE tasks.percent_complete END, last_outcome = NULL, last_reason = NULL,
               completed_at = CASE WHEN r.status = 'done' THEN {now} ELSE NULL END, updated_at = {now}
          FROM {rows} WHERE {place tasks} = r.place
        """, "place", "status", "head_sha");

    /// <summary>The epics of projects that have gates, locked first: a gate looks at all of them and must see what others add.</summary>
    private static readonly RowsStatement LockGates = new(
        """
        SELECT e.project_id FROM {rows} CROSS JOIN epics e
         WHERE e.project_id = r.project_id AND EXISTS (SELECT 1 FROM epics g WHERE g.project_id = e.project_id AND g.gate_epics IS NOT NULL) ORDER BY e.id {lock e}
        """, "project_id");

    private static readonly RowsStatement CountEpics = new(
        """
        UPDATE epics SET tasks_done = epics.tasks_done + r.tasks, minutes_done = epics.minutes_done + r.minutes, updated_at = {now}
          FROM {rows} WHERE epics.id = r.id
        """, "id", "tasks#", "minutes#");

    public override string KeyOf(CompleteItem item) => item.AgentId ?? item.AssignmentId.ToLowerInvariant();

    protected override void Run(StoreTransaction tx, IReadOnlyList<BulkItem<CompleteItem, AssignmentInfo>> items)
    {
        var handIns = ReadHeld(tx, items);
        foreach (var handIn in handIns) AddClaims(tx, handIn);
        tx.Rows(EndAssignments, null, handIns.Select(h => h.AssignmentPlace).ToArray(), handIns.Select(h => h.Body.HeadSha).ToArray(), handIns.Select(h => h.Body.Summary).ToArray());
        tx.Rows(EndTasks, null, handIns.Select(h => h.TaskPlace).ToArray(), handIns.Select(h => h.Next).ToArray(), handIns.Select(h => h.Body.HeadSha).ToArray());
        foreach (var handIn in handIns) Tell(tx, handIn);
        Finish(tx, [.. handIns.Where(h => h.Next == TaskState.Done)]);
        foreach (var item in items.Except(handIns.Select(h => h.Item))) AnswerAgain(tx, item);
    }

    private List<HandIn> ReadHeld(StoreTransaction tx, IReadOnlyList<BulkItem<CompleteItem, AssignmentInfo>> items)
    {
        // The same hand-in twice in one commit: the second is a repetition of the first. Under another lease it is somebody else's word, which takes nothing
        // from the holder's.
        var first = new Dictionary<string, BulkItem<CompleteItem, AssignmentInfo>>(StringComparer.OrdinalIgnoreCase);
        List<HandIn> found = [];
        var asked = items.Where(i => i.Item.Lease is { } lease && lease.Incarnation == store.Incarnation && first.TryAdd($"{i.Item.AssignmentId}/{lease.Subject}/{lease.Epoch}", i))
            // In one order, so that writers that lock the same tasks never wait for one another in a circle.
            .OrderBy(i => i.Item.Lease!.Value.Subject, StringComparer.Ordinal).ToList();
        var known = asked.Count == 0 ? null : projects.All(tx);
        tx.Rows(Held, r =>
        {
            var task = TaskRow.ReadHandedIn(r);
            found.Add(new HandIn(asked[r.Count(16)], task with { ProjectKey = known![task.ProjectId].Key }, r));
        },
            asked.Select(i => i.Item.Lease!.Value.Subject).ToArray(), asked.Select(i => (long)i.Item.Lease!.Value.Epoch).ToArray(),
            asked.Select(i => i.Item.AssignmentId.ToLowerInvariant()).ToArray(), Enumerable.Range(0, asked.Count).Select(n => (long)n).ToArray());
        var names = agents.Of(tx, found.Select(h => h.Task.AgentId!));
        foreach (var handIn in found) handIn.Settle(names[handIn.Task.AgentId!], tx.Now);
        return found;
    }

    /// <summary>The same hand-in again, after its answer was lost, gets the same answer: the effect's key is the assignment.</summary>
    private void AnswerAgain(StoreTransaction tx, BulkItem<CompleteItem, AssignmentInfo> item)
    {
        try
        {
            item.Settle(EndAssignment.EndedBefore(tx, store, item.Item.Lease, item.Item.AssignmentId, AssignmentState.Completed));
        }
        catch (Refusal refusal)
        {
            item.Refused(refusal);
        }
    }

    private static void AddClaims(StoreTransaction tx, HandIn handIn)
    {
        if (handIn.Body.SpentHours is { } hours) EndAssignment.AddSpent(tx, handIn.Task.Id, hours);
        foreach (var claim in handIn.Body.Evidence ?? []) EndAssignment.AddClaim(tx, handIn.Task, claim);
    }

    private static void Tell(StoreTransaction tx, HandIn handIn)
    {
        var task = handIn.Task;
        tx.Notify(new LeaseClosed(task.AssignmentId!, task.Id, task.ProjectId, task.Epoch));
        Lessons.Learned(tx, task, handIn.Body.Lesson, handIn.Body.HeadSha);
        if (handIn.Next == TaskState.Done)
        {
            tx.Emit(EventTypes.TaskCompleted, $"{task.Key} is done: {task.Title}", task.ProjectId, task.Id, task.AgentId, new { key = task.Key, epoch = task.Epoch });
            return;
        }

        tx.Emit(EventTypes.TaskReview, $"{task.Key} was handed in by {task.AgentName} and is being verified", task.ProjectId, task.Id, task.AgentId,
            new { key = task.Key, headSha = handIn.Body.HeadSha, epoch = task.Epoch });
        tx.Notify(new ReviewMoved(task.Id));
    }

    /// <summary>What follows from tasks that are done: successors, epics, gates.</summary>
    private static void Finish(StoreTransaction tx, IReadOnlyList<HandIn> done)
    {
        if (done.Count == 0) return;
        HashSet<string> gated = new(StringComparer.Ordinal);
        var inEpics = done.Select(h => h.Task).Where(t => t.EpicId is not null).ToList();
        tx.Rows(LockGates, r => gated.Add(r.Text(0)), inEpics.Select(t => t.ProjectId).Distinct(StringComparer.Ordinal).ToArray());
        Readiness.DependenciesDone(tx, [.. done.Where(h => h.IsAwaited).Select(h => h.Task.Id)]);
        var epics = inEpics.GroupBy(t => t.EpicId!, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        tx.Rows(CountEpics, null, epics.Select(g => g.Key).ToArray(), epics.Select(g => (long)g.Count()).ToArray(), epics.Select(g => g.Sum(t => t.EstimateMinutes ?? 0)).ToArray());
        foreach (var project in gated) EpicCounters.TestGates(tx, project);
    }

    /// <param name="item">What was asked.</param>
    /// <param name="task">As it is held.</param>
    /// <param name="r">The row that holds it, of which all is read here.</param>
    private sealed class HandIn(BulkItem<CompleteItem, AssignmentInfo> item, TaskRow task, IRow r)
    {
        private readonly AssignmentRow _assignment = new()
        {
            Id = task.AssignmentId!,
            TaskId = task.Id,
            TaskKey = task.Key,
            AgentId = task.AgentId!,
            Epoch = task.Epoch,
            Status = AssignmentState.Completed,
            PercentComplete = 100,
            Note = r.TextOrNull(17),
            HeadSha = item.Item.Body.HeadSha,
            WipSha = r.TextOrNull(18),
            Summary = item.Item.Body.Summary,
            Rehearsal = r.IsTrue(19),
            LeaseUntil = r.Number(20),
            StartedAt = r.Number(21),
        };

        public BulkItem<CompleteItem, AssignmentInfo> Item => item;
        public TaskRow Task { get; private set; } = task;
        public string TaskPlace { get; } = r.Text(14);
        public string AssignmentPlace { get; } = r.Text(15);

        /// <summary>Whether there are tasks that depend on it. Whoever changes that has the store to himself.</summary>
        public bool IsAwaited { get; } = r.IsTrue(22);
        public CompleteAssignment Body => item.Item.Body;
        public string Next { get; } = TaskLifecycle.Next(task.Status, task.Contract.Length == 0 ? TaskFact.HandedInWithoutContract : TaskFact.HandedIn)!;

        public void Settle(string agentName, long now)
        {
            Task = Task with { AgentName = agentName };
            item.Settle((_assignment with { AgentName = agentName, EndedAt = now }).ToInfo());
        }
    }
}

/// <summary>One hand-in.</summary>
/// <param name="Lease">What proves the right to it; null when it is none of ours.</param>
/// <param name="AssignmentId">What is handed in.</param>
/// <param name="Body">With what; checked before.</param>
/// <param name="AgentId">Who claims in the same call, and finds the room that this makes; null without a claim.</param>
public sealed record CompleteItem(LeaseToken? Lease, string AssignmentId, CompleteAssignment Body, string? AgentId = null);
