using Microsoft.Extensions.Options;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Delivery.Queue;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Fleet.Specialists;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Proposals;

/// <summary>
/// Makes a pull request of a changed role: a branch in the project of the roles, a task in review, and from there the way of every
/// other change, except that a person is always asked (B6).
/// </summary>
internal sealed class ProposeRoles(Store store, IRepositories repositories, FleetRepository fleet, RoleCatalog roles, Targets targets, IOptions<DeliveryOptions> options)
{
    public async Task<string> RunAsync(string name, ProposeRole body, string? lease, Principal principal, Writes writes, CancellationToken ct)
    {
        var now = roles.Find(name);
        ProposalRules.Check(name, body, now);
        // Before git is asked for anything; what counts is asked again in the transaction.
        var by = await store.WriteAsync(tx => ProposalRules.Admit(tx, store, lease, principal)?.AgentName ?? principal.Name, ct);
        if (now is { Source: RoleSources.Own } && Path.GetDirectoryName(Path.GetFullPath(now.File)) != fleet.Folder)
            throw Refusal.WrongState($"The role {name} lies in {now.File}, which goes before {fleet.Folder}. Move it there, so that a change of it can take effect.");
        var project = await fleet.ReadyAsync(ct);
        var repository = repositories.Open(project.Id)!;
        var target = targets.Sha(project.Id) ?? throw Refusal.WrongState($"The project {project.Key} has no branch {project.TargetBranch}.");
        var file = name + ".md";
        var here = await repository.ReadFileAsync(target, file, RoleFile.MostBytes, ct);
        // A shipped role comes first as it is, so that the change shows and not the whole file alone.
        var start = here is not null || now is null ? target
            : await repository.CommitFileAsync(target, file, await File.ReadAllTextAsync(now.File, ct), $"The shipped role {name}, as it is\n", MergeMessage.Plane, ct);
        var head = await repository.CommitFileAsync(start, file, body.Text.ReplaceLineEndings("\n").TrimEnd() + "\n", $"Change the role {name}\n\n{body.Why.Trim()}\n", MergeMessage.Author(by), ct);
        var changes = await repository.ChangesAsync(target, head, ct);
        if (changes.Count == 0) throw Refusal.WrongState($"The role {name} says this already.");
        var (diff, _) = await repository.DiffAsync(start, head, Math.Min(options.Value.MaxDiffBytes, 20_000), ct);
        var size = new ChangeSize(changes.Sum(c => c.Additions), changes.Sum(c => c.Deletions), changes.Count);
        var branch = $"proposal/{BranchNames.Slug(name)}-{Ids.New()[^12..]}";
        await using var move = await repository.PrepareAsync([new RefChange(BranchNames.Heads + branch, head)], ct);
        return await writes.RunAsync(body, tx =>
        {
            var task = ProposalRules.Admit(tx, store, lease, principal);
            var review = InReview(tx, project, name, body, task, branch, head);
            var pull = PullBook.Ensure(tx, review with { AgentName = by }, project, project.TargetBranch, size, $"{body.Why.Trim()}\n\n```diff\n{diff.TrimEnd()}\n```");
            tx.Emit(EventTypes.RoleProposed, $"{by} proposes {(now is null ? "the new role" : "to change the role")} {name}: {pull.Name}", project.Id, review.Id, task?.AgentId,
                new { role = name, pullId = pull.Id, number = pull.Number, task = task?.Key });
            tx.Notify(new ReviewMoved(review.Id));
            move.Commit();
            return pull.Id;
        }, ct);
    }

    /// <summary>A task whose work is done already: it has no attempt, and stands in review from the start.</summary>
    private static TaskRow InReview(StoreTransaction tx, ProjectRow project, string name, ProposeRole body, TaskRow? from, string branch, string head)
    {
        var task = AddTask.Run(tx, new CreateTask
        {
            Project = project.Id,
            Title = $"Change the role {name}",
            Description = body.Why.Trim(),
            Role = SpecialistRules.Seed,
            Contract = "commit + pr(merged)",
            NeedsApproval = true,
            Parent = from?.Id,
        });
        tx.ExecuteOne(
            """
            UPDATE tasks SET previous_status = status, status = 'in_progress', ready = 0, epoch = 1, assignment_id = @by, agent_id = @AgentId, started_at = @Now WHERE id = @id AND status = 'pending'
            """, new { by = from?.AssignmentId ?? task.Id, from?.AgentId, tx.Now, id = task.Id });
        tx.ExecuteOne(
            """
            UPDATE tasks SET previous_status = status, status = 'review', assignment_id = NULL, branch = @branch, head_sha = @head WHERE id = @Id AND status = 'in_progress'
            """, new { branch, head, task.Id });
        return TaskQueries.Get(tx, task.Id);
    }
}
