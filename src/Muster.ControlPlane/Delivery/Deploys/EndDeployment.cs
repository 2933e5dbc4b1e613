using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Deploys;

/// <summary>Carries the end of a deployment's job over to the deployment: healthy, rolled back or failed.</summary>
internal static class EndDeployment
{
    private const int MaxReason = 2000;

    public static void Run(StoreTransaction tx, JobRow job, JobReport report)
    {
        var deployment = tx.QueryFirst<DeploymentRow>(DeploymentRow.Select + " WHERE d.id = @DeploymentId", new { job.DeploymentId });
        if (deployment is null || deployment.State is not (DeploymentState.Waiting or DeploymentState.Deploying)) return;
        var healthy = report.Outcome == JobState.Passed;
        var current = tx.QueryFirst<string>("SELECT id FROM deployments WHERE project_id = @ProjectId AND environment = @Environment AND state = 'healthy'",
            new { deployment.ProjectId, deployment.Environment });
        if (healthy && current is not null)
            tx.ExecuteOne("UPDATE deployments SET state = 'superseded', ended_at = @Now WHERE id = @current", new { tx.Now, current });

        var state = healthy ? DeploymentState.Healthy : current is not null ? DeploymentState.RolledBack : DeploymentState.Failed;
        tx.ExecuteOne(
            """
            UPDATE deployments SET state = @state, url = @Url, health_status = @HealthStatus, health_body = @HealthBody, detail = @Detail,
                   ended_at = CASE WHEN @healthy = 1 THEN NULL ELSE @Now END
             WHERE id = @Id
            """, new { state, report.Url, report.HealthStatus, report.HealthBody, job.Detail, healthy, tx.Now, deployment.Id });
        Announce(tx, deployment, state, report, job.Detail);
        if (!healthy) return;

        // Every merged task whose contract waits for a deployment may be served by this one; the review looks at which are.
        var waiting = tx.Query<string>("SELECT id FROM tasks WHERE project_id = @ProjectId AND status = 'review' AND contract LIKE '%deployment%'", new { deployment.ProjectId });
        foreach (var task in waiting) tx.Notify(new ReviewMoved(task));
    }

    /// <summary>It was healthy, and its host has given it up. Said again it changes nothing; another host's word neither.</summary>
    public static void ServesNoLonger(StoreTransaction tx, string hostId, string deploymentId, string reason)
    {
        if (tx.QueryFirst<DeploymentRow>(DeploymentRow.Select + " WHERE d.id = @deploymentId AND d.state = 'healthy' AND d.host_id = @hostId", new { deploymentId, hostId }) is not { } row) return;
        var detail = reason.Length <= MaxReason ? reason : reason[..MaxReason];
        tx.ExecuteOne("UPDATE deployments SET state = 'failed', detail = @detail, ended_at = @Now WHERE id = @Id", new { detail, tx.Now, row.Id });
        tx.Emit(EventTypes.DeploymentFailed, $"{row.ProjectKey} {GitText.Brief(row.Sha)} in {row.Environment} serves no longer: {detail}", row.ProjectId, row.TaskId,
            data: new { deploymentId = row.Id, environment = row.Environment, sha = row.Sha, state = DeploymentState.Failed });
    }

    private static void Announce(StoreTransaction tx, DeploymentRow deployment, string state, JobReport report, string? detail)
    {
        var what = $"{deployment.ProjectKey} {GitText.Brief(deployment.Sha)} in {deployment.Environment}";
        var (type, text) = state switch
        {
            DeploymentState.Healthy => (EventTypes.DeploymentHealthy, $"{what} is healthy{(report.Url is null ? "" : " at " + report.Url)}"),
            DeploymentState.RolledBack => (EventTypes.DeploymentFailed, $"{what} never became healthy; the version before it goes on: {detail}"),
            _ => (EventTypes.DeploymentFailed, $"{what} never became healthy: {detail}"),
        };
        tx.Emit(type, text, deployment.ProjectId, deployment.TaskId, data: new
        {
            deploymentId = deployment.Id,
            environment = deployment.Environment,
            sha = deployment.Sha,
            state,
            url = report.Url,
            healthStatus = report.HealthStatus,
        });
    }
}
