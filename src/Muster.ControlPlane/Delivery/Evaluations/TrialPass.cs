using Dapper;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Delivery.Reviews;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Evaluations;

/// <summary>
/// One look at a trial in review: the commit and the checks are proven as for any task, by the rules of the commit that the recorded
/// task began from, and what they show is the result. No pull request is opened and nobody is asked.
/// </summary>
internal sealed class TrialPass(Store store, IRepositories repositories, RulesAtTarget rules, ReviewBoard board)
{
    public Task<TrialRow?> FindAsync(TaskRow task, CancellationToken ct) =>
        task.ParentId is null ? Task.FromResult<TrialRow?>(null) : store.ReadAsync(c => c.QueryFirstOrDefaultAsync<TrialRow?>(TrialRow.ByTask, new { id = task.Id }), ct);

    public async Task RunAsync(ReviewFacts facts, TrialRow trial, CancellationToken ct)
    {
        var task = facts.Task;
        if (repositories.Open(facts.Project.Id) is not { } repository)
        {
            board.Set(task.Id, ReviewBoard.Because(WaitingCodes.Evidence, "the project's mirror is not there: sync the project"));
            return;
        }

        if (await RefusalAsync(facts, trial, repository, ct) is { } refusal)
        {
            await EndAsync(task, trial, TrialOutcomes.Failed, refusal, [], ct);
            return;
        }

        var found = await rules.ReadAsync(repository, trial.BaseSha, ct);
        if (found.Rules is null)
        {
            await EndAsync(task, trial, TrialOutcomes.Failed, found.Problem, [], ct);
            return;
        }

        var tree = await repository.TreeAsync(task.HeadSha!, ct);
        var jobs = await store.WriteAsync(tx => Current(tx, task) is { } now ? found.Rules.Checks.Select(check => Ask(tx, now, tree, check)).ToList() : null, ct);
        if (jobs is null) return;
        if (jobs.Exists(job => job.IsOpen))
        {
            board.Set(task.Id, [.. jobs.Where(job => job.IsOpen).Select(CheckReport.Waiting)]);
            return;
        }

        var bad = jobs.Find(job => job.Check!.Required && job.State != JobState.Passed);
        await EndAsync(task, trial, bad is null ? TrialOutcomes.Passed : TrialOutcomes.Failed, bad is null ? null : CheckReport.Red(bad, null), jobs, ct);
    }

    private async Task<string?> RefusalAsync(ReviewFacts facts, TrialRow trial, IRepository repository, CancellationToken ct)
    {
        if (facts.Task.HeadSha is not { } head) return "no commit was handed in";
        if ((await CommitProof.ReadAsync(repository, facts.Task, trial.BaseSha, ct)).Refusal is { } commit) return commit;
        if ((await ClaimProof.ReadAsync(store, repository, head, facts.Evidence, ct)).Refusal is { } claim) return claim;
        var missing = Contract.Parse(facts.Task.Contract).Contract!.Missing(facts.Evidence, [head]).Where(item => item.Kind is EvidenceKinds.Research or EvidenceKinds.Citation).ToList();
        return missing.Count == 0 ? null : $"no {string.Join(" and no ", missing)} was attached";
    }

    private static JobRow Ask(StoreTransaction tx, TaskRow task, string tree, CheckDefinition check)
    {
        var job = JobOrders.Check(tx, task, task.HeadSha!, tree, check);
        if (job.State == JobState.Passed) EvidenceBook.OfCheck(tx, job);
        return job;
    }

    private async Task EndAsync(TaskRow task, TrialRow trial, string outcome, string? detail, IReadOnlyList<JobRow> jobs, CancellationToken ct)
    {
        await store.WriteAsync(tx =>
        {
            if (Current(tx, task) is { } now) Trials.End(tx, now, trial, outcome, detail, jobs.Count, jobs.Count(job => job.State == JobState.Passed));
        }, ct);
        board.Clear(task.Id);
    }

    private static TaskRow? Current(StoreTransaction tx, TaskRow seen) =>
        TaskQueries.Find(tx, seen.Id) is { Status: TaskState.Review } now && now.Epoch == seen.Epoch && now.HeadSha == seen.HeadSha ? now : null;
}
