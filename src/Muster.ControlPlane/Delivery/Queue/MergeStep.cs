using Microsoft.Extensions.Options;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Epics;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Delivery.Origins;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Delivery.Reviews;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Queue;

internal enum MergeProgress
{
    /// <summary>Nobody stands in the line.</summary>
    Idle,

    /// <summary>Something was done; look again at once.</summary>
    Moved,

    /// <summary>Checks of the first one run.</summary>
    Waits,
}

/// <summary>
/// One step for the first of a line: merge it onto the newest target, have that checked, move the target to exactly what
/// was checked. Every step can be done again, so a plane killed anywhere goes on where it was.
/// </summary>
internal sealed class MergeStep(
    Store store, IRepositories repositories, RulesAtTarget rules, OriginSync origins, FinishMerge finish, EpicStep epics, EpicBranches branches, IOptions<DeliveryOptions> options)
{
    public async Task<MergeProgress> RunAsync(string projectId, string target, CancellationToken ct)
    {
        var first = await QueueFacts.FirstAsync(store, projectId, target, ct);
        if (await epics.FirstAsync(projectId, target, first?.Entry.Position, ct) is { } epic) return await epics.RunAsync(epic, ct);
        if (first is not { } facts) return MergeProgress.Idle;
        if (repositories.Open(projectId) is not { } repository)
        {
            await HoldAsync(facts, "the project's mirror is gone; sync the project", ct);
            return MergeProgress.Moved;
        }

        // First of all: a plane that was killed after it moved the target, and before it wrote so, finds its own commit there.
        if (await repository.ResolveAsync(BranchNames.Heads + target, ct) is { } now && await WasMergedAsync(repository, facts, now, ct) is { } merged)
        {
            await finish.RecordAsync(facts, merged, ct);
            return MergeProgress.Moved;
        }

        if (facts.Task.Status != TaskState.Review || facts.Pull.State != PullState.Queued || facts.Pull.HeadSha != facts.Entry.HeadSha)
        {
            await store.WriteAsync(tx => { PullBook.Drop(tx, facts.Pull); }, ct);
            await FinishMerge.TidyAsync(repository, facts.Entry.Id, ct);
            return MergeProgress.Moved;
        }

        var toEpic = target != facts.Project.TargetBranch;
        if (facts.Entry.CandidateSha is null)
        {
            await origins.BringInAsync(facts.Project, ct);
            if (toEpic) await branches.UpdateAsync(repository, facts.Project, target, ct);
        }

        if (await repository.ResolveAsync(BranchNames.Heads + target, ct) is not { } tip)
        {
            await HoldAsync(facts, $"the branch {target} is not in the project's mirror", ct);
            return MergeProgress.Moved;
        }

        // The rules are the target's, also for what goes into the branch of an epic first.
        var ruling = toEpic ? await repository.ResolveAsync(BranchNames.Heads + facts.Project.TargetBranch, ct) ?? tip : tip;
        var found = await rules.ReadAsync(repository, ruling, ct);
        if (found.Rules is null)
        {
            await HoldAsync(facts, found.Problem!, ct);
            return MergeProgress.Moved;
        }

        if (facts.Entry.CandidateSha is null || facts.Entry.BaseSha != tip) return await PrepareAsync(repository, facts, tip, ct);
        return await CheckAsync(repository, facts, found.Rules, ct);
    }

    /// <summary>The commit by which the entry's change is in the target already, if it is.</summary>
    private static async Task<string?> WasMergedAsync(IRepository repository, QueueFacts facts, string tip, CancellationToken ct)
    {
        if (facts.Entry.CandidateSha is { } candidate && await repository.IsAncestorAsync(candidate, tip, ct)) return candidate;
        // Merged by the person, in their own repository.
        return await repository.IsAncestorAsync(facts.Entry.HeadSha, tip, ct) ? facts.Entry.HeadSha : null;
    }

    private async Task<MergeProgress> PrepareAsync(IRepository repository, QueueFacts facts, string tip, CancellationToken ct)
    {
        var (entry, task, pull) = (facts.Entry, facts.Task, facts.Pull);
        var message = MergeMessage.Write(pull.Name, task.Key, pull.Title, facts.AssignmentId, pull.Author);
        var merge = await repository.MergeAsync(tip, entry.HeadSha, message, MergeMessage.Author(pull.Author), ct);
        if (merge.Commit is not { } candidate)
        {
            await IfFirstAsync(facts, tx => PullBook.SendBack(tx, TaskQueries.Get(tx, task.Id), Outcomes.Conflict,
                $"It does not merge with {entry.Target} at {GitText.Brief(tip)}: {merge.Reason}. Start again from the newest {entry.Target}.", blame: false), ct);
            return MergeProgress.Moved;
        }

        // The ref keeps the candidate from being tidied away and lets hosts fetch it.
        await using (var move = await repository.PrepareAsync([new RefChange(BranchNames.QueueRef(entry.Id), candidate)], ct)) move.Commit();
        await IfFirstAsync(facts, tx => tx.ExecuteOne(
            "UPDATE merge_queue SET state = 'checking', base_sha = @tip, candidate_sha = @candidate, detail = @detail WHERE id = @Id",
            new { tip, candidate, detail = $"checks run on its merge with {entry.Target} at {GitText.Brief(tip)}", entry.Id }), ct);
        return MergeProgress.Moved;
    }

    private async Task<MergeProgress> CheckAsync(IRepository repository, QueueFacts facts, ProjectRules found, CancellationToken ct)
    {
        var candidate = facts.Entry.CandidateSha!;
        var tree = await repository.TreeAsync(candidate, ct);
        var jobs = await store.WriteAsync<IReadOnlyList<JobRow>>(tx =>
        {
            if (Current(tx, facts) is not { } task) return [];
            var orders = found.Checks.Where(c => c.Required).Select(c => JobOrders.Check(tx, task, candidate, tree, c, facts.Entry.EnqueuedAt)).ToList();
            foreach (var passed in orders.Where(o => o.State == JobState.Passed)) EvidenceBook.OfCheck(tx, passed);
            return orders;
        }, ct);
        if (jobs.FirstOrDefault(j => j.State == JobState.Failed) is { } red)
        {
            await IfFirstAsync(facts, tx => PullBook.SendBack(tx, TaskQueries.Get(tx, facts.Task.Id), Outcomes.CheckFailed, CheckReport.Red(red, facts.Entry.BaseSha), blame: true), ct);
            await FinishMerge.TidyAsync(repository, facts.Entry.Id, ct);
            return MergeProgress.Moved;
        }

        if (jobs.FirstOrDefault(j => j.State == JobState.Error) is { } broken)
        {
            await HoldAsync(facts, $"check '{broken.Name}' could not be run {options.Value.MaxJobAttempts} times: {broken.Detail}", ct);
            return MergeProgress.Moved;
        }

        if (jobs.Any(j => j.IsOpen)) return MergeProgress.Waits;
        await finish.MergeAsync(repository, facts, ct);
        return MergeProgress.Moved;
    }

    private Task HoldAsync(QueueFacts facts, string why, CancellationToken ct) =>
        store.WriteAsync(tx =>
        {
            if (tx.QueryFirst<QueueRow>(QueueRow.Select + " WHERE q.id = @Id", new { facts.Entry.Id }) is not null) QueueHold.Run(tx, PullQueries.Get(tx, facts.Pull.Id), why);
        }, ct);

    private Task IfFirstAsync(QueueFacts facts, Action<StoreTransaction> write, CancellationToken ct) => store.WriteAsync(tx =>
    {
        if (Current(tx, facts) is not null) write(tx);
    }, ct);

    /// <summary>The task, when everything is still as it was seen: in review, queued, at the same head.</summary>
    internal static TaskRow? Current(StoreTransaction tx, QueueFacts facts)
    {
        var entry = tx.QueryFirst<QueueRow>(QueueRow.Select + " WHERE q.id = @Id", new { facts.Entry.Id });
        if (entry is null || entry.HeadSha != facts.Entry.HeadSha) return null;
        var task = TaskQueries.Find(tx, entry.TaskId);
        var pull = PullQueries.OpenOf(tx, entry.TaskId);
        return task is { Status: TaskState.Review } && pull is { State: PullState.Queued } && pull.HeadSha == entry.HeadSha && (!pull.NeedsApproval || pull.Approved) ? task : null;
    }
}
