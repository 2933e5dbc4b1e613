using Dapper;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Delivery.Queue;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>What the store says about a task in review.</summary>
internal sealed record ReviewFacts(TaskRow Task, ProjectRow Project, PullRow? Pull, QueueRow? Entry, IReadOnlyList<EvidenceRow> Evidence, string? Summary)
{
    public static Task<ReviewFacts?> LoadAsync(Store store, string taskId, CancellationToken ct) => store.ReadAsync(async c =>
    {
        var task = await c.QueryFirstOrDefaultAsync<TaskRow>(TaskQueries.ById, new { id = taskId });
        if (task is null) return null;
        var project = await c.QueryFirstAsync<ProjectRow>(ProjectRow.Select + " WHERE id = @ProjectId", new { task.ProjectId });
        // The line before the pull request: a merge takes it out of the line and marks it in one commit, so who is not in line any more is seen as merged.
        var entry = await c.QueryFirstOrDefaultAsync<QueueRow>(QueueRow.Select + " WHERE q.task_id = @taskId", new { taskId });
        var pull = await c.QueryFirstOrDefaultAsync<PullRow>(PullRow.Select + " WHERE u.task_id = @taskId ORDER BY u.id DESC LIMIT 1", new { taskId });
        var evidence = await c.QueryAsync<EvidenceRow>(EvidenceRow.Standing, new { taskId });
        var summary = await c.QueryFirstOrDefaultAsync<string>("SELECT summary FROM assignments WHERE task_id = @taskId AND epoch = @Epoch", new { taskId, task.Epoch });
        return new ReviewFacts(task, project, pull, entry, [.. evidence], summary);
    }, ct);
}
