using Muster.Contracts.Delivery;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Deploys;

/// <summary>A deployment that a newer one to the same environment has made pointless: carried out now, it would bring the older commit back.</summary>
internal static class ReplacedDeployment
{
    private const string Why = "A newer commit is deployed instead.";

    /// <summary>Whether a newer one is on its way or there. One that failed replaces nothing.</summary>
    public static bool Is(StoreTransaction tx, JobRow job) => job.Kind == JobKinds.Deploy && tx.QueryFirst<string>(
        "SELECT id FROM deployments WHERE project_id = @ProjectId AND environment = @Name AND id > @DeploymentId AND state IN ('waiting', 'deploying', 'healthy') LIMIT 1",
        new { job.ProjectId, job.Name, job.DeploymentId }) is not null;

    public static void End(StoreTransaction tx, JobRow job)
    {
        JobOrders.Cancel(tx, job, Why);
        tx.Execute("UPDATE deployments SET state = 'superseded', detail = @Why, ended_at = @Now WHERE id = @DeploymentId AND state IN ('waiting', 'deploying')", new { Why, tx.Now, job.DeploymentId });
    }
}
