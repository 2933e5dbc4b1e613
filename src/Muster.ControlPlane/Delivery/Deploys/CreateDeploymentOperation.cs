using Muster.Contracts.Delivery;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Deploys;

/// <summary>Brings a commit into an environment because a person says so.</summary>
public sealed class CreateDeploymentOperation(Store store, IRepositories repositories, RulesAtTarget rules, Targets targets, Writes writes)
{
    public async Task<DeploymentInfo> RunAsync(CreateDeployment request, CancellationToken ct)
    {
        new Checked().Line(request.Project, "project", 200).Line(request.Environment, "environment", 50).Line(request.Revision, "revision", 400, required: false).ThrowIfWrong();
        var project = await store.ReadAsync(c => ProjectReads.FindAsync(c, request.Project), ct) ?? throw Refusal.NotFound("project", request.Project);
        var repository = repositories.Open(project.Id) ?? throw Refusal.WrongState($"The project {project.Key} has no repository to deploy from.");
        var target = targets.Sha(project.Id) ?? throw Refusal.WrongState($"The target branch of {project.Key} is not known yet: sync the project first.");
        var sha = request.Revision is null
            ? target
            : await repository.ResolveAsync(request.Revision, ct) ?? throw Refusal.NotFound("commit or branch", request.Revision);

        // A commit of the target speaks for itself; anything else is deployed by the target's definition.
        var source = await repository.IsAncestorAsync(sha, target, ct) ? sha : target;
        var found = await rules.ReadAsync(repository, source, ct);
        if (found.Rules is null) throw Refusal.WrongState(found.Problem!);
        if (!found.Rules.Deploy.TryGetValue(request.Environment, out var definition)) throw Refusal.NotFound("environment", request.Environment);
        return await writes.RunAsync(request, tx => StartDeployment.Run(tx, project.Id, null, sha, definition).ToInfo(), ct);
    }
}
