using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Delivery;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Deployments, newest first, a page at a time.</summary>
    public Task<Page<DeploymentInfo>> ListDeploymentsAsync(
        string? project = null,
        string? environment = null,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<DeploymentInfo>>(new Query(Routes.Deployments).Add("project", project).Add("environment", environment).Page(cursor, limit), ct);

    /// <summary>One deployment by id.</summary>
    public Task<DeploymentInfo> GetDeploymentAsync(string id, CancellationToken ct = default) =>
        GetAsync<DeploymentInfo>(Query.At(Routes.Deployment, id), ct);

    /// <summary>Asks for a commit to be brought into an environment.</summary>
    public Task<DeploymentInfo> CreateDeploymentAsync(CreateDeployment body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<DeploymentInfo>(Routes.Deployments, body, call, ct);
}
