using Muster.Contracts.Conversations;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Conversations.Planning;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations.Running;

/// <summary>Carries a checked change of a running plan out, all or nothing.</summary>
internal sealed class ApplyChange(RoleCatalog roles)
{
    public void Run(StoreTransaction tx, GoalRow seen, ChangeAnswer change, RunningPlan checkedAgainst)
    {
        // Somebody has said or done something meanwhile: what was thought of is no longer what is.
        if (GoalRow.Find(tx, seen.Id) is not { State: GoalState.Running } goal || goal.Revision != seen.Revision) return;
        var now = GoalTask.Of(tx, goal.Id);
        if (change.Steps.Any(s => s.Task is { } number && !Same(now.Find(t => t.Number == number), checkedAgainst.Tasks.First(t => t.Number == number)))) return;
        var tasks = now.ToDictionary(t => t.Number);
        var said = new List<string>();
        var added = new Dictionary<int, string>(now.Where(t => t.Counts).Select(t => KeyValuePair.Create(t.Number, t.TaskId)));
        foreach (var step in change.Steps.OrderBy(s => s.Kind == StepKind.Ask)) said.Add(Carry(tx, goal, step, tasks, added, checkedAgainst));
        tx.ExecuteOne(
            "UPDATE goals SET wish = 0, revision = revision + 1, changes = changes + @more, waiting = NULL, waiting_detail = NULL, waiting_on_tasks = 0, retry_at = NULL, updated_at = @Now WHERE id = @Id",
            new { more = goal.Wish ? 0 : 1, tx.Now, goal.Id });
        if (change.Steps.Count > 0) GoalWrites.Emit(tx, goal, EventTypes.GoalChanged, $"The plan of {goal.Key} was changed: {Wording.Line(string.Join("; ", said), 400)}", new { steps = change.Steps.Count });
        PlanGoal.Propose(tx, goal, change.Preference);
        var asked = change.Steps.Where(s => s.Kind == StepKind.Ask).ToList();
        var text = Wording.Block($"{goal.Key}: {Wording.Line(change.Say, 400)}\n{string.Join('\n', said.Where(s => s.Length > 0))}", 10, 400);
        if (asked.Count == 0)
        {
            TurnRow.Add(tx, goal.ConversationId, TurnAuthors.Chief, text, goal);
            return;
        }

        foreach (var step in asked.Where(s => s.Task is not null)) Handled(tx, goal, step.Task!.Value, 0);
        if (asked.Any(s => s.Task is null)) tx.Execute("UPDATE goal_tasks SET handled_epoch = (SELECT epoch FROM tasks WHERE id = goal_tasks.task_id) WHERE goal_id = @Id", new { goal.Id });
        GoalWaiting.ForPerson(tx, goal with { Waiting = null }, text, onTasks: asked.Any(s => s.Task is not null || now.Exists(t => t.Failed)));
    }

    // Others may have moved on: a step is wrong only about its own task.
    private static bool Same(GoalTask? now, GoalTask then) => now is not null && now.Counts == then.Counts && now.Status == then.Status && (!then.Failed || now.Epoch == then.Epoch);

    private string Carry(StoreTransaction tx, GoalRow goal, PlanStep step, Dictionary<int, GoalTask> tasks, Dictionary<int, string> ids, RunningPlan running)
    {
        switch (step.Kind)
        {
            case StepKind.Retry or StepKind.Reassign:
                return SendAgain(tx, goal, step, tasks[step.Task!.Value]);
            case StepKind.Split or StepKind.Drop or StepKind.Add:
                return Replace(tx, goal, step, step.Task is { } number ? tasks[number] : null, ids, running);
            case StepKind.Ask:
                return Wording.Line(step.Words, 400);
            default:
                throw new InvalidOperationException($"{step.Kind} is no step that was checked.");
        }
    }

    private static string SendAgain(StoreTransaction tx, GoalRow goal, PlanStep step, GoalTask task)
    {
        var words = string.IsNullOrWhiteSpace(step.Words) ? null : $"{task.Description}\n\nAfter attempt {task.Epoch} the Chief of Staff adds: {step.Words.Trim()}";
        var again = task.Status is TaskState.Failed or TaskState.Quarantined or TaskState.Cancelled;
        EditTask.Run(tx, task.TaskId, new UpdateTask { Description = words, Role = step.Kind == StepKind.Reassign ? step.Role : null });
        if (again) TaskTransitions.Retry(tx, TaskQueries.Get(tx, task.TaskId));
        Handled(tx, goal, task.Number, 1);
        return step.Kind == StepKind.Reassign ? $"{task.Key} goes to {step.Role}" : $"{task.Key} is tried again: {Wording.Line(step.Words, 80)}";
    }

    private string Replace(StoreTransaction tx, GoalRow goal, PlanStep step, GoalTask? old, Dictionary<int, string> ids, RunningPlan running)
    {
        var project = ProjectRow.Get(tx, running.Project.Id);
        var before = old is null ? [] : tx.Query<string>("SELECT depends_on FROM edges WHERE task_id = @TaskId", new { old.TaskId });
        var row = old is null ? null : TaskQueries.Get(tx, old.TaskId);
        var parts = step.Tasks.Select(t => ChangeCheck.Normal(t, running.Facts)).ToList();
        var own = parts.Select(p => p.Number).ToHashSet();
        foreach (var part in Placeable(parts, own))
        {
            // What the old task waited for, its first parts wait for.
            StartGoal.AddPlanned(tx, goal, project, part, row?.EpicNumber, ids, roles, part.After.Any(own.Contains) ? null : before);
        }

        if (old is null || row is null) return $"{parts.Count} more: {Wording.Line(string.Join(", ", parts.Select(p => p.Title)), 100)}";
        var last = parts.Where(p => parts.TrueForAll(o => !o.After.Contains(p.Number))).Select(p => ids[p.Number]).ToList();
        Successors(tx, row, last.Count > 0 ? last : before);
        LeaveOut(tx, goal, old);
        return step.Kind == StepKind.Drop ? $"{old.Key} is dropped" : $"{old.Key} is split into {parts.Count}: {Wording.Line(string.Join(", ", parts.Select(p => p.Title)), 100)}";
    }

    // What is there already may be waited for at once; among themselves the waves say the order.
    private static IEnumerable<PlannedTask> Placeable(List<PlannedTask> parts, HashSet<int> own) =>
        PlanWaves.Of([.. parts.Select(p => p with { After = [.. p.After.Where(own.Contains)] })]).SelectMany(w => w).Select(t => parts.First(p => p.Number == t.Number));

    /// <summary>What waited for a task waits for others in its place.</summary>
    private static void Successors(StoreTransaction tx, TaskRow old, IReadOnlyList<string> instead)
    {
        foreach (var id in tx.Query<string>("SELECT task_id FROM edges WHERE depends_on = @Id", new { old.Id }))
        {
            var waiting = TaskQueries.Get(tx, id);
            tx.ExecuteOne("DELETE FROM edges WHERE task_id = @id AND depends_on = @old", new { id, old = old.Id });
            if (waiting.Status != TaskState.Pending) continue;
            foreach (var on in instead) AddTask.AddEdge(tx, waiting, TaskQueries.Get(tx, on));
            Readiness.Refresh(tx, id);
        }
    }

    /// <summary>Takes a task out of the plan: stopped when it is open; what failed is put back for a moment, because only open tasks can be cancelled.</summary>
    internal static void LeaveOut(StoreTransaction tx, GoalRow goal, GoalTask task)
    {
        var row = TaskQueries.Get(tx, task.TaskId);
        if (row.Status is TaskState.Failed or TaskState.Quarantined)
        {
            TaskTransitions.Retry(tx, row);
            row = TaskQueries.Get(tx, task.TaskId);
        }

        if (!TaskLifecycle.IsFinal(row.Status)) TaskTransitions.Cancel(tx, row, $"The plan of {goal.Key} was changed.");
        tx.ExecuteOne("UPDATE goal_tasks SET counts = 0, handled_epoch = @Epoch WHERE goal_id = @goal AND number = @Number", new { task.Epoch, goal = goal.Id, task.Number });
    }

    private static void Handled(StoreTransaction tx, GoalRow goal, int number, int more) => tx.ExecuteOne(
        "UPDATE goal_tasks SET changes = changes + @more, handled_epoch = (SELECT epoch FROM tasks WHERE id = goal_tasks.task_id) WHERE goal_id = @Id AND number = @number", new { more, goal.Id, number });
}
