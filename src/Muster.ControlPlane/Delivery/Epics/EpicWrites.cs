using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Deploys;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Epics;

/// <summary>What happens to an epic's way into the target, each inside a transaction.</summary>
internal static class EpicWrites
{
    public static void Enqueue(StoreTransaction tx, EpicMergeRow epic, string head)
    {
        tx.ExecuteOne(
            """
            UPDATE epic_merges SET state = 'waiting', head_sha = @head, base_sha = NULL, candidate_sha = NULL, detail = NULL, retry_at = NULL, enqueued_at = @Now, updated_at = @Now,
                   position = (SELECT COALESCE(MAX(position), 0) + 1 FROM (SELECT position FROM merge_queue UNION ALL SELECT position FROM epic_merges) AS line)
             WHERE epic_id = @EpicId
            """, new { head, tx.Now, epic.EpicId });
        tx.Emit(EventTypes.EpicQueued, $"{epic.Branch} stands in the merge queue of {epic.Target}: every task of {epic.Name} is done", epic.ProjectId, data: Data(epic, head));
        tx.Notify(new QueueMoved(epic.ProjectId, epic.Target));
    }

    /// <summary>Out of the line, and a person is told. It comes back when the head or the target is no longer what is named here.</summary>
    public static void Block(StoreTransaction tx, EpicMergeRow epic, string why, string? head, string? target, long? retryAt)
    {
        var text = $"{epic.Name} is not merged into {epic.Target}: {why}";
        tx.ExecuteOne(
            """
            UPDATE epic_merges SET state = 'blocked', position = NULL, head_sha = COALESCE(@head, head_sha), base_sha = @target, candidate_sha = NULL, detail = @why, retry_at = @retryAt,
                   updated_at = @Now WHERE epic_id = @EpicId
            """, new { head, target, why, retryAt, tx.Now, epic.EpicId });
        tx.Emit(EventTypes.EpicBlocked, text, epic.ProjectId, data: Data(epic, head));
        tx.Notify(new QueueMoved(epic.ProjectId, epic.Target));
    }

    /// <summary>There is work to be done on it again.</summary>
    public static void Reopen(StoreTransaction tx, EpicMergeRow epic)
    {
        tx.ExecuteOne("UPDATE epic_merges SET state = 'open', position = NULL, candidate_sha = NULL, detail = NULL, retry_at = NULL, updated_at = @Now WHERE epic_id = @EpicId", new { tx.Now, epic.EpicId });
        if (epic.InLine) tx.Notify(new QueueMoved(epic.ProjectId, epic.Target));
    }

    public static void Merged(StoreTransaction tx, EpicMergeRow epic, ProjectRow project, string commit, DeployDefinition? deploy)
    {
        tx.ExecuteOne("UPDATE epic_merges SET state = 'merged', position = NULL, merge_sha = @commit, detail = NULL, retry_at = NULL, updated_at = @Now WHERE epic_id = @EpicId",
            new { commit, tx.Now, epic.EpicId });
        tx.Emit(EventTypes.EpicMerged, $"{epic.Name} was merged into {epic.Target} as {GitText.Brief(commit)}", epic.ProjectId,
            data: new { epic = epic.Number, branch = epic.Branch, target = epic.Target, mergeSha = commit });
        if (project.DeployTo is { } environment && deploy is null)
            tx.Emit(EventTypes.DeploymentFailed, $"{epic.Name} was not deployed: {ProjectRules.FileName} has no environment '{environment}' under 'deploy'.", epic.ProjectId);
        // What is still in review waits for nothing but the deployment.
        var awaited = tx.QueryFirst<bool>("SELECT EXISTS (SELECT 1 FROM tasks WHERE epic_id = @EpicId AND status = 'review')", new { epic.EpicId });
        if (deploy is not null && (project.DeployTo is not null || awaited))
            StartDeployment.Run(tx, epic.ProjectId, null, commit, deploy);
        tx.Notify(new QueueMoved(epic.ProjectId, epic.Target));
        tx.Notify(new TargetMoved(epic.ProjectId, commit));
    }

    private static object Data(EpicMergeRow epic, string? head) => new { epic = epic.Number, branch = epic.Branch, target = epic.Target, headSha = head };
}
