using Dapper;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Queue;

/// <summary>The first of a line and what the store says about it.</summary>
internal sealed record QueueFacts(QueueRow Entry, TaskRow Task, ProjectRow Project, PullRow Pull, string AssignmentId)
{
    public static Task<QueueFacts?> FirstAsync(Store store, string projectId, string target, CancellationToken ct) => store.ReadAsync(async c =>
    {
        var entry = await c.QueryFirstOrDefaultAsync<QueueRow>(QueueRow.Select + " WHERE q.project_id = @projectId AND q.target = @target ORDER BY q.position LIMIT 1", new { projectId, target });
        if (entry is null) return null;
        var task = await c.QueryFirstAsync<TaskRow>(TaskQueries.ById, new { id = entry.TaskId });
        var project = await c.QueryFirstAsync<ProjectRow>(ProjectRow.Select + " WHERE id = @projectId", new { projectId });
        var pull = await c.QueryFirstAsync<PullRow>(PullRow.Select + " WHERE u.id = @PullId", new { entry.PullId });
        var assignment = await c.QueryFirstOrDefaultAsync<string>("SELECT id FROM assignments WHERE task_id = @Id AND epoch = @Epoch", new { task.Id, task.Epoch });
        return new QueueFacts(entry, task, project, pull, assignment ?? "none");
    }, ct);
}
