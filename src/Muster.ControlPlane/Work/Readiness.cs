using Muster.Contracts.Events;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Keeps <c>ready</c> true to the facts, in the transaction that changes them; nothing is ever searched for.</summary>
public static class Readiness
{
    /// <summary>The condition under which a pending task waits for nothing.</summary>
    private const string Holds = "status = 'pending' AND open_dependencies = 0 AND gated = 0 AND not_before IS NULL";

    /// <summary>Lowers the successors' counts; those that reach nought become ready.</summary>
    public static void DependencyDone(StoreTransaction tx, TaskRow task)
    {
        // One statement by primary key: with the condition in the WHERE clause the engine would walk every pending task.
        var successors = tx.Query<(string Id, bool Ready)>(
            """
            UPDATE tasks SET open_dependencies = open_dependencies - 1, updated_at = @Now,
                   ready = CASE WHEN status = 'pending' AND open_dependencies = 1 AND gated = 0 AND not_before IS NULL THEN 1 ELSE 0 END
             WHERE id IN (SELECT task_id FROM edges WHERE depends_on = @Id) RETURNING id, ready
            """, new { task.Id, tx.Now });
        var ready = successors.Where(s => s.Ready).Select(s => s.Id).ToList();
        Announce(tx, ready, task.ProjectId, $"its last dependency {task.Key} is done");
    }

    /// <summary>Looks at one task again after an edit of its row or its edges.</summary>
    public static void Refresh(StoreTransaction tx, string taskId)
    {
        tx.ExecuteOne(
            $"""
            UPDATE tasks SET open_dependencies = (SELECT COUNT(*) FROM edges e JOIN tasks d ON d.id = e.depends_on WHERE e.task_id = tasks.id AND d.status <> 'done'),
                   ready = 0, updated_at = @Now WHERE id = @taskId
            """, new { taskId, tx.Now });
        var became = tx.Execute($"UPDATE tasks SET ready = 1 WHERE id = @taskId AND {Holds}", new { taskId });
        if (became == 1) tx.Notify(new TaskBecameReady(taskId));
        var due = tx.QueryFirst<long?>("SELECT not_before FROM tasks WHERE id = @taskId", new { taskId });
        if (due is { } at) tx.Notify(new TaskDue(at));
    }

    /// <summary>Frees the tasks whose time has come.</summary>
    public static int TimePassed(StoreTransaction tx)
    {
        var due = tx.Query<string>("UPDATE tasks SET not_before = NULL, not_before_code = NULL, updated_at = @Now WHERE not_before <= @Now RETURNING id", new { tx.Now });
        foreach (var id in due)
            if (tx.Execute($"UPDATE tasks SET ready = 1 WHERE id = @id AND {Holds}", new { id }) == 1)
                tx.Notify(new TaskBecameReady(id));
        return due.Count;
    }

    /// <summary>Opens or closes a gate for every task of an epic.</summary>
    public static void SetGate(StoreTransaction tx, string epicId, bool open)
    {
        tx.Execute("UPDATE tasks SET gated = @gated, ready = 0, updated_at = @Now WHERE epic_id = @epicId", new { gated = !open, epicId, tx.Now });
        if (!open) return;
        var ready = tx.Query<string>($"UPDATE tasks SET ready = 1 WHERE epic_id = @epicId AND {Holds} RETURNING id", new { epicId });
        foreach (var id in ready) tx.Notify(new TaskBecameReady(id));
    }

    private static void Announce(StoreTransaction tx, List<string> ready, string projectId, string because)
    {
        foreach (var id in ready)
        {
            tx.Emit(EventTypes.TaskReady, $"A task is ready: {because}", projectId, id);
            tx.Notify(new TaskBecameReady(id));
        }
    }
}
