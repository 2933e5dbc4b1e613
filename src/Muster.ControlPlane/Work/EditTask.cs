using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Evaluations;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Progress;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Changes what a task says, or takes it out of the plan.</summary>
public static class EditTask
{
    public static void Check(UpdateTask body) => new Checked()
        .Line(body.Title, "title", 500, required: false)
        .Require(body.Title is null || body.Title.Trim().Length > 0, "title", "title must not be empty.")
        .Text(body.Description, "description", AddTask.DescriptionLimit, required: false)
        .Labels(body.Labels)
        .Require(body.Priority is null or (>= 1 and <= 5), "priority", "priority is 1 (most urgent) to 5.")
        .Require(body.EstimateHours is null or (>= 0 and <= 100_000), "estimateHours", "estimateHours is 0 to 100000.")
        .ThrowIfWrong();

    public static string Run(StoreTransaction tx, string id, UpdateTask body)
    {
        var task = TaskQueries.Get(tx, id);
        Trials.Refuse(tx, task);
        if (body.Contract is not null && task.Status is not TaskState.Pending)
            throw Refusal.WrongState($"{task.Key} is {task.Status.Replace('_', ' ')}; its contract can change only while it is pending.");
        if (body.Contract is not null) AddTask.CheckContract(tx.QueryFirst<ProjectRow>(ProjectRow.Select + " WHERE id = @ProjectId", new { task.ProjectId })!, body.Contract);
        var minutes = body.EstimateHours is { } hours ? (long)Math.Round(hours * 60) : task.EstimateMinutes;
        var notBefore = body.NotBefore?.ToUnixTimeMilliseconds() ?? task.NotBefore;
        if (minutes != task.EstimateMinutes && task.Status != TaskState.Cancelled) EpicCounters.Reestimate(tx, task, minutes);
        tx.ExecuteOne(
            """
            UPDATE tasks SET title = COALESCE(@title, title), description = COALESCE(@Description, description), labels = COALESCE(@labels, labels),
                   priority = COALESCE(@Priority, priority), role = NULLIF(COALESCE(@Role, role), ''), estimate_minutes = @minutes, contract = COALESCE(@Contract, contract),
                   needs_approval = COALESCE(@NeedsApproval, needs_approval), not_before = @notBefore,
                   hold_code = CASE WHEN @notBefore = not_before THEN hold_code ELSE NULL END,
                   not_before_code = CASE WHEN @notBefore IS NULL THEN NULL ELSE COALESCE(not_before_code, 'not_before') END, updated_at = @Now
             WHERE id = @Id
            """,
            new
            {
                title = body.Title?.Trim(),
                body.Description,
                labels = body.Labels is null ? null : JsonSerializer.Serialize(body.Labels),
                body.Priority,
                body.Role,
                minutes,
                body.Contract,
                body.NeedsApproval,
                notBefore,
                tx.Now,
                task.Id,
            });
        if (task.Status == TaskState.Pending) Readiness.Refresh(tx, task.Id);
        if (minutes != task.EstimateMinutes) DoneCounts.Changed(tx, task);
        tx.Emit(EventTypes.TaskUpdated, $"{task.Key} was changed", task.ProjectId, task.Id, data: new { key = task.Key });
        return task.Id;
    }

    /// <summary>Only what nobody has worked on and nothing waits for can vanish; the rest is cancelled instead.</summary>
    public static string Delete(StoreTransaction tx, string id)
    {
        var task = TaskQueries.Get(tx, id);
        Trials.Refuse(tx, task);
        if (task.Epoch > 0) throw new Refusal(409, ProblemCodes.InUse, $"{task.Key} has been worked on and stays in the history. Cancel it instead.");
        var waiting = tx.QueryFirst<string>("SELECT p.key || '-' || t.number FROM edges e JOIN tasks t ON t.id = e.task_id JOIN projects p ON p.id = t.project_id WHERE e.depends_on = @Id", new { task.Id });
        if (waiting is not null) throw new Refusal(409, ProblemCodes.InUse, $"{waiting} waits for {task.Key}. Remove that dependency first.");
        if (tx.QueryFirst<int>("SELECT COUNT(*) FROM tasks WHERE parent_id = @Id", new { task.Id }) > 0) throw new Refusal(409, ProblemCodes.InUse, $"{task.Key} has children. Delete or move them first.");
        if (task.Status != TaskState.Cancelled) EpicCounters.Remove(tx, task);
        tx.ExecuteOne("DELETE FROM tasks WHERE id = @Id", new { task.Id });
        DoneCounts.Changed(tx, task);
        tx.Emit(EventTypes.TaskDeleted, $"{task.Key} was deleted", task.ProjectId, task.Id, data: new { key = task.Key });
        return task.Id;
    }
}
