using Dapper;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Deploys;

/// <summary>Reads of deployments for other features.</summary>
public sealed class DeploymentQueries(Store store)
{
    /// <summary>What a host should be serving: the healthy deployments whose place it is.</summary>
    public async Task<IReadOnlyList<DeploymentInfo>> CurrentOn(string hostId, CancellationToken ct = default)
    {
        var rows = await store.ReadAsync(c => c.QueryAsync<DeploymentRow>(
            DeploymentRow.Select + " WHERE d.host_id = @hostId AND d.state = 'healthy' ORDER BY d.id", new { hostId }), ct);
        return [.. rows.Select(r => r.ToInfo())];
    }
}
