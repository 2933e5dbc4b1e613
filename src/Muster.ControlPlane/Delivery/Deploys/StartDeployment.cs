using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Deploys;

/// <summary>Asks for a commit to be brought into an environment, inside a transaction.</summary>
internal static class StartDeployment
{
    public static DeploymentRow Run(StoreTransaction tx, string projectId, string? taskId, string sha, DeployDefinition definition)
    {
        // What waits to be deployed is older than this and would be replaced at once: it is left out.
        var waiting = tx.Query<JobRow>(
            "SELECT * FROM jobs WHERE project_id = @projectId AND kind = 'deploy' AND name = @Environment AND state = 'waiting'", new { projectId, definition.Environment });
        foreach (var job in waiting) ReplacedDeployment.End(tx, job);

        var current = tx.QueryFirst<string>("SELECT host_id FROM deployments WHERE project_id = @projectId AND environment = @Environment AND state = 'healthy'",
            new { projectId, definition.Environment });
        var id = Ids.New();
        tx.ExecuteOne(
            """
            INSERT INTO deployments (id, project_id, environment, sha, task_id, state, definition, created_at)
            VALUES (@id, @projectId, @Environment, @sha, @taskId, 'waiting', @json, @Now)
            """, new { id, projectId, definition.Environment, sha, taskId, json = JsonSerializer.Serialize(definition, Wire.Json), tx.Now });
        JobOrders.Deploy(tx, projectId, taskId, id, sha, definition, current);
        return tx.QueryFirst<DeploymentRow>(DeploymentRow.Select + " WHERE d.id = @id", new { id })!;
    }
}
