using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Deploys;
using Muster.ControlPlane.Delivery.Epics;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Delivery.Origins;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery;

/// <summary>What other features ask of this one: git for a claim, mirrors for a project, duties for a host.</summary>
internal sealed class DeliveryFacts(
    Targets targets, EpicBranches epics, OriginSync origins, IRepositories repositories, RulesAtTarget rules, DeploymentQueries deployments, JobLeases jobs, Store store)
    : IClaimGit, IProjectRepositories, IHostDuties
{
    public Task ReadyAsync(CancellationToken ct) => epics.EnsureAsync(ct);

    public GitWork? For(ProjectRow project, TaskRow task, string agent) => project.Repository is null || targets.Base(project, task.EpicId) is not { } start ? null : new GitWork
    {
        Path = Routes.With(Routes.Git, project.Id),
        TargetBranch = start.Branch,
        TargetSha = start.Sha,
        Branch = BranchNames.Agent(agent, task.Key, task.Title),
        WipRef = BranchNames.WipRef(task.Key, task.Epoch),
    };

    public async Task<Mirrored> MirrorAsync(string projectId, string repository, string? targetBranch, CancellationToken ct)
    {
        var made = await origins.CreateAsync(projectId, repository, targetBranch, ct);
        var found = await rules.ReadAsync(repositories.Open(projectId)!, made.TargetSha, ct);
        if (found.Rules is { } read) return new Mirrored(made.TargetBranch, read.Contract?.ToString());
        origins.Delete(projectId);
        throw Refusal.Invalid("repository", $"{ProjectRules.FileName} at {made.TargetBranch} cannot be followed. {found.Problem}");
    }

    public Task SyncAsync(ProjectRow project, CancellationToken ct) => origins.SyncAsync(project, ct);

    public Task ForgetAsync(string projectId)
    {
        origins.Delete(projectId);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<DeploymentInfo>> DeploymentsAsync(string hostId, CancellationToken ct) => deployments.CurrentOn(hostId, ct);

    public Task FailDeploymentsAsync(string hostId, IReadOnlyList<FailedDeployment> failed, CancellationToken ct) => store.WriteAsync(tx =>
    {
        foreach (var one in failed) EndDeployment.ServesNoLonger(tx, hostId, one.DeploymentId, one.Reason);
    }, ct);

    public Task<IReadOnlyList<bool>> RenewJobsAsync(string hostId, IReadOnlyList<string> leases, CancellationToken ct) => jobs.RenewAsync(hostId, leases, ct);
}
