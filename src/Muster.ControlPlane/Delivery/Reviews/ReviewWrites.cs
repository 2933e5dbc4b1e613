using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Delivery.Queue;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>What a look at a task in review writes. Every write first makes sure that the task is still as it was seen.</summary>
internal sealed class ReviewWrites(Store store, ReviewBoard board, IOptions<DeliveryOptions> options)
{
    private readonly Dictionary<string, string> _rulesSaid = new(StringComparer.Ordinal);

    public async Task<IReadOnlyList<EvidenceRow>> EvidenceAsync(string taskId, CancellationToken ct) =>
        [.. await store.ReadAsync(c => c.QueryAsync<EvidenceRow>(EvidenceRow.Standing, new { taskId }), ct)];

    public async Task SendBackAsync(ReviewFacts facts, string outcome, string reason, bool blame, CancellationToken ct)
    {
        await IfUnchangedAsync(facts, (tx, task) =>
        {
            // Merged while this was being looked at: what was found (that it changes nothing any more) is the merge itself.
            if (facts.Pull?.State != PullState.Merged && tx.QueryFirst<int>(
                "SELECT COUNT(*) FROM pulls WHERE task_id = @Id AND head_sha = @HeadSha AND state = 'merged'", new { task.Id, task.HeadSha }) > 0) return;
            PullBook.SendBack(tx, task, outcome, reason, blame);
        }, ct);
        board.Clear(facts.Task.Id);
    }

    public Task<PullRow?> OpenPullAsync(ReviewFacts facts, string target, ChangeSize size, CancellationToken ct) => store.WriteAsync(tx =>
    {
        if (Unchanged(tx, facts) is not { } task) return null;
        EvidenceBook.Prove(tx, task, EvidenceKinds.Commit, task.HeadSha!, task.HeadSha, null, EvidenceBook.ByGit, $"on {task.Branch}");
        var pull = PullBook.Ensure(tx, task, facts.Project, target, size, facts.Summary);
        EvidenceBook.Prove(tx, task, EvidenceKinds.Pr, pull.Name, task.HeadSha, "opened", EvidenceBook.ByPlane);
        return pull;
    }, ct);

    public Task<IReadOnlyList<JobRow>> ChecksAsync(ReviewFacts facts, string sha, string tree, IEnumerable<CheckDefinition> checks, CancellationToken ct) =>
        store.WriteAsync<IReadOnlyList<JobRow>>(tx =>
        {
            if (Unchanged(tx, facts) is not { } task) return [];
            var jobs = new List<JobRow>();
            foreach (var check in checks)
            {
                var job = JobOrders.Check(tx, task, sha, tree, check);
                if (job.State == JobState.Passed) EvidenceBook.OfCheck(tx, job);
                // It says nothing about the commit, so it is tried again, ever more slowly, for as long as the task waits.
                if (job.State == JobState.Error)
                    job = JobOrders.Again(tx, job, notBefore: tx.Now + (long)JobDelays.After(job.Epoch + 3, options.Value.JobRetryDelay).TotalMilliseconds);
                jobs.Add(job);
            }

            return jobs;
        }, ct);

    public Task ConfirmAsync(ReviewFacts facts, IReadOnlyList<EvidenceRow> claims, CancellationToken ct) =>
        IfUnchangedAsync(facts, (tx, task) =>
        {
            foreach (var claim in claims) EvidenceBook.Confirm(tx, task, claim, EvidenceBook.ByPlane);
        }, ct);

    /// <summary>Whether the pull request is approved as far as it must be; asks for approval when it is not.</summary>
    public async Task<bool> ApprovedAsync(ReviewFacts facts, PullRow seen, IReadOnlyList<string> reasons, CancellationToken ct)
    {
        var (approved, why) = await store.WriteAsync(tx =>
        {
            if (Unchanged(tx, facts) is not { } task || PullQueries.OpenOf(tx, task.Id) is not { } pull || pull.HeadSha != seen.HeadSha) return (false, null);
            // What the merge queue could not carry out stays with the person who is asked until it is approved anew.
            var held = pull.ApprovalReason?.StartsWith(QueueHold.Prefix, StringComparison.Ordinal) == true;
            var reason = held ? pull.ApprovalReason : reasons.Count > 0 ? string.Join("; ", reasons) : null;
            if (reason != pull.ApprovalReason || pull.NeedsApproval != reason is not null)
            {
                tx.ExecuteOne("UPDATE pulls SET needs_approval = @needs, approval_reason = @reason, updated_at = @Now WHERE id = @Id", new { needs = reason is not null, reason, tx.Now, pull.Id });
                if (reason is not null && !pull.Approved) SayApprovalNeeded(tx, task, pull, reason);
            }

            if (reason is not null && pull.Approved) VouchForClaims(tx, task, pull);
            return (reason is null || pull.Approved, reason);
        }, ct);
        if (!approved && why is not null) board.Set(facts.Task.Id, ReviewBoard.Because(WaitingCodes.Approval, $"a person must approve {seen.Name}: {why}", seen.Name));
        return approved;
    }

    public Task EnqueueAsync(ReviewFacts facts, CancellationToken ct) => IfUnchangedAsync(facts, (tx, task) =>
    {
        if (PullQueries.OpenOf(tx, task.Id) is not { State: PullState.Open } pull || pull.HeadSha != task.HeadSha || pull is { NeedsApproval: true, Approved: false }) return;
        EnterQueue.Run(tx, task, pull);
        board.Set(task.Id, ReviewBoard.Because(WaitingCodes.MergeQueue, "it stands in the merge queue"));
    }, ct);

    public async Task FinishAsync(ReviewFacts facts, CancellationToken ct)
    {
        await IfUnchangedAsync(facts, (tx, task) =>
        {
            if (PullQueries.OpenOf(tx, task.Id) is { } pull) PullBook.Close(tx, pull, "the task's contract asks for no merge; the branch stays");
            TaskTransitions.Finish(tx, task);
        }, ct);
        board.Clear(facts.Task.Id);
    }

    /// <summary>After a task left review by another way: what still stands around it goes.</summary>
    public async Task TidyAsync(ReviewFacts facts, CancellationToken ct)
    {
        if (facts.Pull is not { IsOpen: true } && facts.Entry is null) return;
        await store.WriteAsync(tx =>
        {
            var task = TaskQueries.Find(tx, facts.Task.Id);
            if (task is null or { Status: TaskState.Review or TaskState.Done } || PullQueries.OpenOf(tx, task.Id) is not { } pull) return;
            JobOrders.CancelChecks(tx, task.Id, "The task left review.");
            if (TaskLifecycle.IsFinal(task.Status)) PullBook.Close(tx, pull, $"{task.Key} is {task.Status}");
            else if (PullBook.Drop(tx, pull) || pull.State != PullState.ChangesRequested)
                tx.ExecuteOne("UPDATE pulls SET state = 'changes_requested', updated_at = @Now WHERE id = @Id", new { tx.Now, pull.Id });
        }, ct);
    }

    /// <summary>Says once per commit of the target that its rules cannot be followed.</summary>
    public async Task SayRulesBrokenAsync(ProjectRow project, string target, string problem, CancellationToken ct)
    {
        lock (_rulesSaid)
        {
            if (_rulesSaid.GetValueOrDefault(project.Id) == target) return;
            _rulesSaid[project.Id] = target;
        }

        await store.WriteAsync(tx => tx.Emit(EventTypes.ProjectRulesBroken, $"Pull requests of {project.Key} wait. {problem}", project.Id, data: new { sha = target }), ct);
    }

    private static void SayApprovalNeeded(StoreTransaction tx, TaskRow task, PullRow pull, string reason) =>
        tx.Emit(EventTypes.PullApprovalNeeded, $"{pull.Name} ({task.Key}) waits for a person's approval: {reason}", task.ProjectId, task.Id,
            data: new { pullId = pull.Id, number = pull.Number, headSha = pull.HeadSha, reason });

    /// <summary>Who approves the change approves the sources that were attached to it.</summary>
    private static void VouchForClaims(StoreTransaction tx, TaskRow task, PullRow pull)
    {
        var claims = tx.Query<EvidenceRow>(EvidenceRow.Select + " WHERE task_id = @Id AND verified = 0 AND kind IN ('research', 'citation')", new { task.Id });
        foreach (var claim in claims) EvidenceBook.Confirm(tx, task, claim, "person:" + pull.ApprovedBy);
    }

    private Task IfUnchangedAsync(ReviewFacts facts, Action<StoreTransaction, TaskRow> write, CancellationToken ct) => store.WriteAsync(tx =>
    {
        if (Unchanged(tx, facts) is { } task) write(tx, task);
    }, ct);

    private static TaskRow? Unchanged(StoreTransaction tx, ReviewFacts facts)
    {
        var task = TaskQueries.Find(tx, facts.Task.Id);
        return task is { Status: TaskState.Review } && task.Epoch == facts.Task.Epoch && task.HeadSha == facts.Task.HeadSha ? task : null;
    }
}
