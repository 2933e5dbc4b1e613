using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tests;

internal sealed class NoGit : IClaimGit, IProjectRepositories, IHostDuties
{
    public GitWork? For(ProjectRow project, TaskRow task, string agent) => null;
    public Task<string> MirrorAsync(string projectId, string repository, string? targetBranch, CancellationToken ct) => Task.FromResult("main");
    public Task SyncAsync(ProjectRow project, CancellationToken ct) => Task.CompletedTask;
    public Task ForgetAsync(string projectId) => Task.CompletedTask;
    public Task<IReadOnlyList<DeploymentInfo>> DeploymentsAsync(string hostId, CancellationToken ct) => Task.FromResult<IReadOnlyList<DeploymentInfo>>([]);
    public IReadOnlyList<bool> RenewJobs(string hostId, IReadOnlyList<string> leases) => [];
}
