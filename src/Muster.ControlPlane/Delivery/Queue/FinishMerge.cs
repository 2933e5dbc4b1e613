using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Deploys;
using Muster.ControlPlane.Delivery.Evaluations;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Delivery.Reviews;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Queue;

/// <summary>
/// Moves the target to a checked candidate and writes that down. The ref moves inside the store's transaction, by
/// compare-and-swap, after everything was looked at again; if the plane dies in between, the candidate stands in the
/// target and in the queue's row, and the next start writes it down.
/// </summary>
internal sealed class FinishMerge(Store store, IRepositories repositories, RulesAtTarget rules, Targets targets)
{
    public async Task MergeAsync(IRepository repository, QueueFacts facts, CancellationToken ct)
    {
        var entry = facts.Entry;
        IRefMove move;
        try
        {
            move = await repository.PrepareAsync([new RefChange(BranchNames.Heads + entry.Target, entry.CandidateSha, entry.BaseSha)], ct);
        }
        catch (RefMovedException)
        {
            // Somebody else moved the target: the candidate is stale and is made anew at the next step.
            if (await repository.ResolveAsync(BranchNames.Heads + entry.Target, ct) != entry.BaseSha) return;
            throw;
        }

        await using (move)
        {
            var deploy = await DefinitionAsync(repository, facts.Project, entry.CandidateSha!, ct);
            var merged = await store.WriteAsync(tx =>
            {
                if (MergeStep.Current(tx, facts) is not { } task) return false;
                tx.ExecuteOne("DELETE FROM merge_queue WHERE id = @Id", new { entry.Id });
                Write(tx, task, facts.Project, facts.Pull, entry.Target, entry.CandidateSha!, deploy);
                move.Commit();
                return true;
            }, ct);
            if (merged) targets.Move(facts.Project, entry.Target, entry.CandidateSha!);
        }

        await TidyAsync(repository, entry.Id, ct);
    }

    /// <summary>Writes down a merge that is in the target already.</summary>
    public async Task RecordAsync(QueueFacts facts, string commit, CancellationToken ct)
    {
        if (repositories.Open(facts.Entry.ProjectId) is not { } repository) return;
        var deploy = await DefinitionAsync(repository, facts.Project, commit, ct);
        await store.WriteAsync(tx =>
        {
            var task = TaskQueries.Find(tx, facts.Task.Id);
            var entry = tx.QueryFirst<QueueRow>(QueueRow.Select + " WHERE q.id = @Id", new { facts.Entry.Id });
            if (task is null || entry is null) return;
            tx.ExecuteOne("DELETE FROM merge_queue WHERE id = @Id", new { entry.Id });
            Write(tx, task, facts.Project, facts.Pull, entry.Target, commit, deploy);
        }, ct);
        await targets.RefreshAsync(facts.Project, ct);
        if (await repository.ResolveAsync(BranchNames.Heads + facts.Entry.Target, ct) is { } tip) targets.Move(facts.Project, facts.Entry.Target, tip);
        await TidyAsync(repository, facts.Entry.Id, ct);
    }

    /// <summary>Writes down a merge that the person made in their own repository, before the pull request stood in line.</summary>
    public async Task RecordAsync(IRepository repository, ReviewFacts facts, PullRow pull, string target, CancellationToken ct)
    {
        var deploy = await DefinitionAsync(repository, facts.Project, pull.HeadSha, ct);
        await store.WriteAsync(tx =>
        {
            var now = PullQueries.OpenOf(tx, facts.Task.Id);
            if (TaskQueries.Find(tx, facts.Task.Id) is not { Status: TaskState.Review } task || task.HeadSha != pull.HeadSha || now?.Id != pull.Id || now.HeadSha != pull.HeadSha) return;
            PullBook.Drop(tx, now);
            Write(tx, task, facts.Project, pull, target, pull.HeadSha, deploy);
        }, ct);
    }

    private static void Write(StoreTransaction tx, TaskRow task, ProjectRow project, PullRow pull, string target, string commit, DeployDefinition? deploy)
    {
        tx.ExecuteOne("UPDATE pulls SET state = 'merged', merge_sha = @commit, merged_at = @Now, updated_at = @Now WHERE id = @Id AND state <> 'merged'", new { commit, tx.Now, pull.Id });
        EndEvaluation.Stop(tx, pull.Id, "the pull request was merged");
        EvidenceBook.Prove(tx, task, EvidenceKinds.Pr, pull.Name, commit, "merged", EvidenceBook.ByMergeQueue, $"in {target}");
        tx.Emit(EventTypes.PullMerged, $"{pull.Name} ({task.Key}) was merged into {target} as {GitText.Brief(commit)}", task.ProjectId, task.Id, task.AgentId,
            new { pullId = pull.Id, number = pull.Number, mergeSha = commit, headSha = pull.HeadSha, target });
        tx.Notify(new QueueMoved(task.ProjectId, target));
        tx.Notify(new ReviewMoved(task.Id));
        // What is in the branch of an epic is deployed with the epic.
        if (target != project.TargetBranch) return;
        if (project.DeployTo is { } environment && deploy is null)
            tx.Emit(EventTypes.DeploymentFailed, $"{task.Key} was not deployed: {ProjectRules.FileName} at {GitText.Brief(commit)} has no environment '{environment}' under 'deploy'.", task.ProjectId, task.Id);
        if (deploy is not null && (project.DeployTo is not null || Contract.Parse(task.Contract).Contract?.Asks(EvidenceKinds.Deployment) == true))
            StartDeployment.Run(tx, task.ProjectId, task.Id, commit, deploy);
        tx.Notify(new TargetMoved(task.ProjectId, commit));
    }

    /// <summary>
    /// How a merge is deployed: as it says itself, since it is the target then. The environment that the project names; where it names none, the only
    /// one there is.
    /// </summary>
    internal async Task<DeployDefinition?> DefinitionAsync(IRepository repository, ProjectRow project, string commit, CancellationToken ct)
    {
        if ((await rules.ReadAsync(repository, commit, ct)).Rules is not { } found) return null;
        if (project.DeployTo is { } environment) return found.Deploy.GetValueOrDefault(environment);
        return found.Deploy.Count == 1 ? found.Deploy.Values.First() : null;
    }

    /// <summary>Drops the ref that kept the candidate. Best done, but a ref that stays does no harm.</summary>
    internal static async Task TidyAsync(IRepository repository, string entryId, CancellationToken ct)
    {
        try
        {
            await using var move = await repository.PrepareAsync([new RefChange(BranchNames.QueueRef(entryId), null)], ct);
            move.Commit();
        }
        catch (RefMovedException)
        {
            // It was not there.
        }
    }
}
