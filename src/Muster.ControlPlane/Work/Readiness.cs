using Muster.Contracts.Events;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Keeps <c>ready</c> true to the facts, in the transaction that changes them; nothing is ever searched for.</summary>
public static class Readiness
{
    /// <summary>Who waits for these; once for each that it waits for.</summary>
    private static readonly RowsStatement Successors = new(
        """
        SELECT tasks.id, tasks.project_id, tasks.priority, tasks.number, tasks.role, tasks.labels, tasks.created_at, tasks.open_dependencies,
               CASE WHEN tasks.status = 'pending' AND tasks.gated = 0 AND tasks.not_before IS NULL THEN 1 ELSE 0 END
          FROM {rows} CROSS JOIN edges e CROSS JOIN tasks WHERE e.depends_on = r.id AND tasks.id = e.task_id {lock tasks ordered}
        """, "id");

    private static readonly RowsStatement LowerSuccessors = new(
        "UPDATE tasks SET open_dependencies = tasks.open_dependencies - r.times, ready = r.ready, updated_at = {now} FROM {rows} WHERE tasks.id = r.id", "id", "times#", "ready#");

    /// <summary>What a statement that makes tasks ready tells of them.</summary>
    private const string Told = "id, project_id, priority, number, role, labels, created_at, avoid_agent_id, ready";

    /// <summary>The condition under which a pending task waits for nothing.</summary>
    private const string Holds = "status = 'pending' AND open_dependencies = 0 AND gated = 0 AND not_before IS NULL";

    /// <summary>Lowers the successors' counts; those that reach nought become ready.</summary>
    public static void DependenciesDone(StoreTransaction tx, string[] done)
    {
        var waiting = new Dictionary<string, (ReadyTask Task, int Open, bool Free, int Times)>(StringComparer.Ordinal);
        tx.Rows(Successors, r =>
        {
            var id = r.Text(0);
            waiting[id] = waiting.TryGetValue(id, out var seen) ? seen with { Times = seen.Times + 1 }
                : (new ReadyTask(id, r.Text(1), r.Count(2), r.Count(3), r.TextOrNull(4), r.Text(5), r.Number(6)), r.Count(7), r.IsTrue(8), 1);
        }, done);
        if (waiting.Count == 0) return;
        var lowered = waiting.Values.ToList();
        tx.Rows(LowerSuccessors, null, lowered.Select(w => w.Task.Id).ToArray(), lowered.Select(w => (long)w.Times).ToArray(), lowered.Select(w => w.Free && w.Open == w.Times ? 1L : 0).ToArray());
        foreach (var (task, _, _, _) in lowered.Where(w => w.Free && w.Open == w.Times)) Announce(tx, task);
    }

    /// <summary>Looks at one task again after an edit of its row or its edges.</summary>
    public static void Refresh(StoreTransaction tx, string taskId)
    {
        tx.ExecuteOne(
            $"""
            UPDATE tasks SET open_dependencies = (SELECT COUNT(*) FROM edges e JOIN tasks d ON d.id = e.depends_on WHERE e.task_id = tasks.id AND d.status <> 'done'),
                   ready = 0, updated_at = @Now WHERE id = @taskId
            """, new { taskId, tx.Now });
        if (tx.QueryFirst<TaskRow>($"UPDATE tasks SET ready = 1 WHERE id = @taskId AND {Holds} RETURNING {Told}", new { taskId }) is { } ready)
            tx.Notify(new TaskBecameReady(ReadyTask.Of(ready, tx.Now)));
        var due = tx.QueryFirst<long?>("SELECT not_before FROM tasks WHERE id = @taskId", new { taskId });
        if (due is { } at) tx.Notify(new TaskDue(at));
    }

    /// <summary>Frees the tasks whose time has come.</summary>
    public static int TimePassed(StoreTransaction tx)
    {
        var due = tx.Query<string>("UPDATE tasks SET not_before = NULL, not_before_code = NULL, hold_code = NULL, updated_at = @Now WHERE not_before <= @Now RETURNING id", new { tx.Now });
        foreach (var id in due)
            if (tx.QueryFirst<TaskRow>($"UPDATE tasks SET ready = 1 WHERE id = @id AND {Holds} RETURNING {Told}", new { id }) is { } ready)
                tx.Notify(new TaskBecameReady(ReadyTask.Of(ready, tx.Now, ready.AvoidAgentId)));
        return due.Count;
    }

    /// <summary>Opens or closes a gate for every task of an epic.</summary>
    public static void SetGate(StoreTransaction tx, string epicId, bool open)
    {
        tx.Execute("UPDATE tasks SET gated = @gated, ready = 0, updated_at = @Now WHERE epic_id = @epicId", new { gated = !open, epicId, tx.Now });
        if (!open) return;
        foreach (var ready in tx.Query<TaskRow>($"UPDATE tasks SET ready = 1 WHERE epic_id = @epicId AND {Holds} RETURNING {Told}", new { epicId }))
            tx.Notify(new TaskBecameReady(ReadyTask.Of(ready, tx.Now)));
    }

    /// <summary>Tells of a task whose last dependency is done.</summary>
    private static void Announce(StoreTransaction tx, ReadyTask ready)
    {
        tx.Emit(EventTypes.TaskReady, "A task is ready: the last that it waited for is done", ready.ProjectId, ready.Id);
        tx.Notify(new TaskBecameReady(ready));
    }
}
