using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Evaluations;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Delivery.Proposals;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Delivery.Queue;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>
/// One look at a task in review: what is missing is asked for, what is proven is written down, and when everything
/// stands the task moves on. Looking again without news changes nothing, so a pass may be cut off anywhere.
/// </summary>
internal sealed class ReviewPass(
    Store store, IRepositories repositories, RulesAtTarget rules, Targets targets, ReviewBoard board, ReviewWrites writes, AfterMerge afterMerge, FleetRepository fleet, TrialPass trials, FinishMerge finish)
{
    public async Task RunAsync(string taskId, CancellationToken ct)
    {
        var facts = await ReviewFacts.LoadAsync(store, taskId, ct);
        if (facts is null || facts.Task.Status != TaskState.Review)
        {
            board.Clear(taskId);
            if (facts is not null) await writes.TidyAsync(facts, ct);
            return;
        }

        if (await trials.FindAsync(facts.Task, ct) is { } trial)
        {
            await trials.RunAsync(facts, trial, ct);
            return;
        }

        var (contract, errors) = Contract.Parse(facts.Task.Contract);
        if (contract is null)
            board.Set(taskId, ReviewBoard.Because(WaitingCodes.Evidence, $"its contract '{facts.Task.Contract}' is not understood: {string.Join(' ', errors)}"));
        else if (facts.Pull is { State: PullState.Merged } pull && pull.HeadSha == facts.Task.HeadSha)
            await afterMerge.RunAsync(facts, pull, contract, ct);
        else if (facts.Entry is { } entry)
            board.Set(taskId, ReviewBoard.Because(WaitingCodes.MergeQueue, entry.Ahead == 0 ? entry.Detail ?? "it is next in the merge queue" : $"{entry.Ahead} pull requests stand before it"));
        else if (facts.Task.HeadSha is null)
            await WithoutCommitAsync(facts, contract, "no commit was handed in", ct);
        else
            await WithCommitAsync(facts, contract, ct);
    }

    private async Task WithoutCommitAsync(ReviewFacts facts, Contract contract, string why, CancellationToken ct)
    {
        if (contract.AsksForGit || contract.AsksForMerge)
        {
            await writes.SendBackAsync(facts, Outcomes.EvidenceRefused, $"The contract asks for {contract}, but {why}.", blame: true, ct);
            return;
        }

        if (await ClaimsAsync(facts, contract, repositories.Open(facts.Project.Id), null, ct)) await FinishAsync(facts, contract, ct);
    }

    private async Task WithCommitAsync(ReviewFacts facts, Contract contract, CancellationToken ct)
    {
        var task = facts.Task;
        var repository = repositories.Open(facts.Project.Id);
        var target = targets.Sha(facts.Project.Id);
        if (repository is null || target is null || targets.Base(facts.Project, task.EpicId) is not { } start)
        {
            board.Set(task.Id, ReviewBoard.Because(WaitingCodes.Evidence, facts.Project.Repository is null
                ? "the project has no repository in which a commit could be verified"
                : $"the branch {facts.Project.TargetBranch} is not in the project's mirror: sync the project"));
            return;
        }

        var proof = await CommitProof.ReadAsync(repository, task, start.Sha, ct);
        // A pull request is only opened for what is not there yet: what is there now, the person has merged in their own repository.
        var byHand = proof.InTarget && facts.Pull is { State: PullState.Open or PullState.Queued } open && open.HeadSha == task.HeadSha ? open : null;
        if (proof.Refusal is not null && byHand is null)
        {
            await WithoutCommitAsync(facts, contract, proof.Refusal, ct);
            return;
        }

        if ((byHand ?? await writes.OpenPullAsync(facts, start.Branch, proof.Size, ct)) is not { } pull) return;
        if (!await ClaimsAsync(facts, contract, repository, task.HeadSha, ct)) return;
        var found = await rules.ReadAsync(repository, target, ct);
        if (found.Rules is null)
        {
            board.Set(task.Id, ReviewBoard.Because(WaitingCodes.Check, found.Problem!, ProjectRules.FileName));
            await writes.SayRulesBrokenAsync(facts.Project, target, found.Problem!, ct);
            return;
        }

        if (!await ChecksAsync(facts, found.Rules, repository, ct)) return;
        if (byHand is not null)
        {
            await finish.RecordAsync(repository, facts, byHand, start.Branch, ct);
            return;
        }

        // The stricter of the two counts: a repository cannot talk the plane out of asking.
        var review = found.Rules.Review == ReviewPolicies.Person ? ReviewPolicies.Person : facts.Project.Review;
        var reasons = ApprovalPolicy.Reasons(task.NeedsApproval, review, contract, found.Rules.HasRequiredCheck, [.. proof.Changes.Select(c => c.Path)],
            found.Rules.Person, fleet.Is(facts.Project));
        if (!await writes.ApprovedAsync(facts, pull, reasons, ct)) return;
        await MoveOnAsync(facts, contract, ct);
    }

    /// <summary>Whether every required check is green at the head.</summary>
    private async Task<bool> ChecksAsync(ReviewFacts facts, ProjectRules found, IRepository repository, CancellationToken ct)
    {
        var head = facts.Task.HeadSha!;
        var jobs = await writes.ChecksAsync(facts, head, await repository.TreeAsync(head, ct), found.Checks, ct);
        var required = jobs.Where(j => j.Check!.Required).ToList();
        if (required.FirstOrDefault(j => j.State == JobState.Failed) is { } red)
        {
            await writes.SendBackAsync(facts, Outcomes.CheckFailed, CheckReport.Red(red, null), blame: true, ct);
            return false;
        }

        if (required.All(j => j.State == JobState.Passed)) return true;
        board.Set(facts.Task.Id, [.. required.Where(j => j.State != JobState.Passed).Select(CheckReport.Waiting)]);
        return false;
    }

    /// <summary>Whether the claims that can be looked at hold, and all that only the agent can attach is there.</summary>
    private async Task<bool> ClaimsAsync(ReviewFacts facts, Contract contract, IRepository? repository, string? head, CancellationToken ct)
    {
        var (seen, refusal) = await ClaimProof.ReadAsync(store, repository, head, facts.Evidence, ct);
        if (seen.Count > 0) await writes.ConfirmAsync(facts, seen, ct);
        var absent = contract.Missing(facts.Evidence, Commits(facts)).Where(i => i.Kind is EvidenceKinds.Research or EvidenceKinds.Citation).ToList();
        var why = refusal ?? (absent.Count > 0 ? $"no {string.Join(" and no ", absent)} was attached: send it as evidence when completing" : null);
        if (why is null) return true;
        await writes.SendBackAsync(facts, Outcomes.EvidenceRefused, $"The contract asks for {contract}, but {why}.", blame: true, ct);
        return false;
    }

    private async Task MoveOnAsync(ReviewFacts facts, Contract contract, CancellationToken ct)
    {
        if (!contract.AsksForMerge)
        {
            await FinishAsync(facts, contract, ct);
            return;
        }

        var evidence = await writes.EvidenceAsync(facts.Task.Id, ct);
        var missing = contract.Missing(evidence, Commits(facts)).Where(i => i is not ({ Kind: EvidenceKinds.Pr, Outcome: "merged" } or { Kind: EvidenceKinds.Deployment })).ToList();
        if (missing.Count > 0) board.Set(facts.Task.Id, [.. missing.Select(CheckReport.Missing)]);
        else await writes.EnqueueAsync(facts, ct);
    }

    private async Task FinishAsync(ReviewFacts facts, Contract contract, CancellationToken ct)
    {
        var missing = contract.Missing(await writes.EvidenceAsync(facts.Task.Id, ct), Commits(facts));
        if (missing.Count > 0) board.Set(facts.Task.Id, [.. missing.Select(CheckReport.Missing)]);
        else await writes.FinishAsync(facts, ct);
    }

    private static string[] Commits(ReviewFacts facts) => facts.Task.HeadSha is { } head ? [head] : [];
}
