using Dapper;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Deploys;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>What is left to verify of a task whose change is in the target.</summary>
internal sealed class AfterMerge(Store store, IRepositories repositories, ReviewBoard board, ReviewWrites writes)
{
    public async Task RunAsync(ReviewFacts facts, PullRow pull, Contract contract, CancellationToken ct)
    {
        var commits = new[] { pull.HeadSha, pull.MergeSha! };
        var deployments = contract.Asks(EvidenceKinds.Deployment) ? await DeploymentsAsync(facts.Project.Id, ct) : [];
        if (contract.Missing(facts.Evidence, commits).Any(i => i.Kind == EvidenceKinds.Deployment) && await ServingAsync(facts.Project, pull, deployments, ct) is { } serving)
            await store.WriteAsync(tx => EvidenceBook.Prove(tx, facts.Task, EvidenceKinds.Deployment, serving.Url ?? serving.Id, pull.MergeSha, "healthy", EvidenceBook.ByHealthCheck,
                $"{serving.Environment}: {serving.HealthStatus} {serving.HealthBody}".Trim()), ct);

        var missing = contract.Missing(await writes.EvidenceAsync(facts.Task.Id, ct), commits);
        if (missing.Count == 0)
        {
            await writes.FinishAsync(facts, ct);
            return;
        }

        var withEpic = pull.Base != facts.Project.TargetBranch;
        var newest = deployments.Count > 0 ? deployments[0] : null;
        board.Set(facts.Task.Id, [.. missing.Select(item => item.Kind == EvidenceKinds.Deployment ? Waiting(newest, withEpic) : CheckReport.Missing(item))]);
    }

    private async Task<IReadOnlyList<DeploymentRow>> DeploymentsAsync(string projectId, CancellationToken ct) =>
        [.. await store.ReadAsync(c => c.QueryAsync<DeploymentRow>(DeploymentRow.Select + " WHERE d.project_id = @projectId ORDER BY d.id DESC LIMIT 20", new { projectId }), ct)];

    /// <summary>A deployment that was healthy and holds the change: its own, or a later one that took its place.</summary>
    private async Task<DeploymentRow?> ServingAsync(ProjectRow project, PullRow pull, IReadOnlyList<DeploymentRow> deployments, CancellationToken ct)
    {
        if (repositories.Open(project.Id) is not { } repository) return null;
        foreach (var deployment in deployments)
        {
            var wasHealthy = deployment.State == DeploymentState.Healthy || deployment is { State: DeploymentState.Superseded, HealthStatus: not null };
            if (!wasHealthy || (project.DeployTo is { } environment && deployment.Environment != environment)) continue;
            if (await repository.IsAncestorAsync(pull.MergeSha!, deployment.Sha, ct)) return deployment;
        }

        return null;
    }

    private static WaitingReason Waiting(DeploymentRow? newest, bool withEpic) => ReviewBoard.Because(WaitingCodes.Deployment, newest switch
    {
        _ when withEpic => "it is deployed with its epic, when every task of that is done",
        null => "its merge was not deployed: name the environment with deployTo in the project, or run muster deploy",
        { State: DeploymentState.Failed or DeploymentState.RolledBack } => $"the deployment to {newest.Environment} did not become healthy: {newest.Detail}. Mend it and run muster deploy",
        _ => $"the deployment to {newest.Environment} is {newest.State}",
    }, newest?.Environment);
}
