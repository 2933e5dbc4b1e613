using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Delivery.Origins;
using Muster.ControlPlane.Delivery.Queue;
using Muster.ControlPlane.Delivery.Reviews;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Epics;

/// <summary>
/// One step for an epic that is the first of a line, like that of a pull request: merge its branch onto the newest target, have that
/// checked, move the target to exactly what was checked. Every step can be done again.
/// </summary>
internal sealed class EpicStep(Store store, IRepositories repositories, RulesAtTarget rules, OriginSync origins, Targets targets, FinishMerge finish, IOptions<DeliveryOptions> options)
{
    /// <summary>The first epic in a line, when it stands before the first pull request.</summary>
    public Task<EpicMergeRow?> FirstAsync(string projectId, string target, long? before, CancellationToken ct) => store.ReadAsync(c => c.QueryFirstOrDefaultAsync<EpicMergeRow?>(
        EpicMergeRow.Select + " WHERE m.project_id = @projectId AND m.target = @target AND m.position IS NOT NULL AND (@before IS NULL OR m.position < @before) ORDER BY m.position LIMIT 1",
        new { projectId, target, before }), ct);

    public async Task<MergeProgress> RunAsync(EpicMergeRow epic, CancellationToken ct)
    {
        var project = await store.ReadAsync(c => c.QueryFirstAsync<ProjectRow>(ProjectRow.Select + " WHERE id = @ProjectId", new { epic.ProjectId }), ct);
        if (repositories.Open(epic.ProjectId) is not { } repository) return await BlockAsync(epic, "the project's mirror is gone; sync the project", null, null, ct);

        // First of all: a plane that was killed after it moved the target, and before it wrote so, finds its own commit there.
        if (await repository.ResolveAsync(BranchNames.Heads + epic.Target, ct) is { } now && await WasMergedAsync(repository, epic, now, ct) is { } merged)
            return await RecordAsync(repository, epic, project, merged, ct);
        if (!epic.Complete)
        {
            await IfSameAsync(epic, EpicWrites.Reopen, ct, complete: false);
            await TidyAsync(repository, epic, ct);
            return MergeProgress.Moved;
        }

        if (epic.CandidateSha is null) await origins.BringInAsync(project, ct);
        var head = await repository.ResolveAsync(BranchNames.Heads + epic.Branch, ct);
        var tip = await repository.ResolveAsync(BranchNames.Heads + epic.Target, ct);
        if (head is null || tip is null) return await BlockAsync(epic, $"the branch {(head is null ? epic.Branch : epic.Target)} is not in the project's mirror", head, tip, ct);
        var found = await rules.ReadAsync(repository, tip, ct);
        if (found.Rules is null) return await BlockAsync(epic, found.Problem!, head, tip, ct);
        if (epic.CandidateSha is null || epic.BaseSha != tip || epic.HeadSha != head) return await PrepareAsync(repository, epic, head, tip, ct);
        return await CheckAsync(repository, epic, project, found.Rules, ct);
    }

    private static async Task<string?> WasMergedAsync(IRepository repository, EpicMergeRow epic, string tip, CancellationToken ct)
    {
        if (epic.CandidateSha is { } candidate && await repository.IsAncestorAsync(candidate, tip, ct)) return candidate;
        // Merged by the person, in their own repository.
        return await repository.ResolveAsync(BranchNames.Heads + epic.Branch, ct) is { } head && await repository.IsAncestorAsync(head, tip, ct) ? head : null;
    }

    private async Task<MergeProgress> PrepareAsync(IRepository repository, EpicMergeRow epic, string head, string tip, CancellationToken ct)
    {
        var merge = await repository.MergeAsync(tip, head, MergeMessage.ForEpic($"Merge epic {epic.Number}: {epic.Title}", epic.Number), MergeMessage.Plane, ct);
        if (merge.Commit is not { } candidate)
            return await BlockAsync(epic, $"{epic.Branch} at {GitText.Brief(head)} does not merge with {epic.Target} at {GitText.Brief(tip)}: {merge.Reason}. "
                + "Add a task to the epic that brings the two together.", head, tip, ct);

        await using (var move = await repository.PrepareAsync([new RefChange(BranchNames.QueueRef(epic.EpicId), candidate)], ct)) move.Commit();
        await IfSameAsync(epic, (tx, _) => tx.ExecuteOne(
            "UPDATE epic_merges SET state = 'checking', head_sha = @head, base_sha = @tip, candidate_sha = @candidate, detail = @detail, updated_at = @Now WHERE epic_id = @EpicId",
            new { head, tip, candidate, detail = $"checks run on its merge with {epic.Target} at {GitText.Brief(tip)}", tx.Now, epic.EpicId }), ct);
        return MergeProgress.Moved;
    }

    private async Task<MergeProgress> CheckAsync(IRepository repository, EpicMergeRow epic, ProjectRow project, ProjectRules found, CancellationToken ct)
    {
        var candidate = epic.CandidateSha!;
        var tree = await repository.TreeAsync(candidate, ct);
        var whom = new CheckFor(epic.ProjectId, null, 0);
        var jobs = await store.WriteAsync<IReadOnlyList<JobRow>?>(tx => Same(tx, epic) is not { Complete: true } ? null
            : found.Checks.Where(c => c.Required).Select(c => JobOrders.Check(tx, whom, candidate, tree, c, epic.EnqueuedAt)).ToList(), ct);
        if (jobs is null) return MergeProgress.Moved;
        if (jobs.FirstOrDefault(j => j.State == JobState.Failed) is { } red) return await BlockAsync(epic, CheckReport.Red(red, epic.BaseSha), epic.HeadSha, epic.BaseSha, ct);
        if (jobs.FirstOrDefault(j => j.State == JobState.Error) is { } broken)
            return await BlockAsync(epic, $"check '{broken.Name}' could not be run {options.Value.MaxJobAttempts} times: {broken.Detail}", epic.HeadSha, epic.BaseSha, ct, again: true);
        if (jobs.Any(j => j.IsOpen)) return MergeProgress.Waits;
        return await MergeAsync(repository, epic, project, ct);
    }

    /// <summary>The ref moves inside the store's transaction, by compare-and-swap, after everything was looked at again.</summary>
    private async Task<MergeProgress> MergeAsync(IRepository repository, EpicMergeRow epic, ProjectRow project, CancellationToken ct)
    {
        var candidate = epic.CandidateSha!;
        try
        {
            await using var move = await repository.PrepareAsync([new RefChange(BranchNames.Heads + epic.Target, candidate, epic.BaseSha)], ct);
            var deploy = await finish.DefinitionAsync(repository, project, candidate, ct);
            var merged = await store.WriteAsync(tx =>
            {
                if (Same(tx, epic) is not { Complete: true } current) return false;
                EpicWrites.Merged(tx, current, project, candidate, deploy);
                move.Commit();
                return true;
            }, ct);
            if (merged) targets.Set(epic.ProjectId, candidate);
        }
        catch (RefMovedException)
        {
            // Somebody else moved the target: the candidate is stale and is made anew at the next step.
            if (await repository.ResolveAsync(BranchNames.Heads + epic.Target, ct) == epic.BaseSha) throw;
            return MergeProgress.Moved;
        }

        await TidyAsync(repository, epic, ct);
        return MergeProgress.Moved;
    }

    private async Task<MergeProgress> RecordAsync(IRepository repository, EpicMergeRow epic, ProjectRow project, string commit, CancellationToken ct)
    {
        var deploy = await finish.DefinitionAsync(repository, project, commit, ct);
        await IfSameAsync(epic, (tx, current) => EpicWrites.Merged(tx, current, project, commit, deploy), ct, complete: null);
        await targets.RefreshAsync(project, ct);
        await TidyAsync(repository, epic, ct);
        return MergeProgress.Moved;
    }

    private async Task<MergeProgress> BlockAsync(EpicMergeRow epic, string why, string? head, string? tip, CancellationToken ct, bool again = false)
    {
        await IfSameAsync(epic, (tx, current) => EpicWrites.Block(tx, current, why, head, tip, again ? tx.Now + (long)options.Value.EpicRetry.TotalMilliseconds : null), ct);
        if (repositories.Open(epic.ProjectId) is { } repository) await TidyAsync(repository, epic, ct);
        return MergeProgress.Moved;
    }

    private Task IfSameAsync(EpicMergeRow epic, Action<StoreTransaction, EpicMergeRow> write, CancellationToken ct, bool? complete = true) => store.WriteAsync(tx =>
    {
        if (Same(tx, epic) is { } current && (complete is null || current.Complete == complete)) write(tx, current);
    }, ct);

    private static EpicMergeRow? Same(StoreTransaction tx, EpicMergeRow seen) =>
        EpicMergeRow.Find(tx, seen.EpicId) is { } now && now.Position == seen.Position && now.CandidateSha == seen.CandidateSha ? now : null;

    private static Task TidyAsync(IRepository repository, EpicMergeRow epic, CancellationToken ct) => FinishMerge.TidyAsync(repository, epic.EpicId, ct);
}
