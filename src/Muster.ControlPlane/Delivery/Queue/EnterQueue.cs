using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Evaluations;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Queue;

/// <summary>Puts a pull request at the end of the line before its target.</summary>
internal static class EnterQueue
{
    public static void Run(StoreTransaction tx, TaskRow task, PullRow pull)
    {
        Trials.Refuse(tx, task);
        tx.ExecuteOne("UPDATE pulls SET state = 'queued', updated_at = @Now WHERE id = @Id AND state = 'open'", new { tx.Now, pull.Id });
        tx.ExecuteOne(
            """
            INSERT INTO merge_queue (id, position, project_id, target, pull_id, task_id, head_sha, state, enqueued_at)
            VALUES (@id, (SELECT COALESCE(MAX(position), 0) + 1 FROM (SELECT position FROM merge_queue UNION ALL SELECT position FROM epic_merges) AS line), @ProjectId, @Base, @pullId, @TaskId, @HeadSha, 'waiting', @Now)
            """, new { id = Ids.New(), pull.ProjectId, pull.Base, pullId = pull.Id, pull.TaskId, pull.HeadSha, tx.Now });
        tx.Emit(EventTypes.PullQueued, $"{pull.Name} stands in the merge queue of {pull.Base}", pull.ProjectId, task.Id, task.AgentId, new { pullId = pull.Id, number = pull.Number, target = pull.Base });
        tx.Notify(new QueueMoved(pull.ProjectId, pull.Base));
    }
}

/// <summary>Takes a pull request out of the line and keeps it out until a person approves it anew.</summary>
internal static class QueueHold
{
    /// <summary>How the reason on the pull request begins, so that a look at it knows that it is held.</summary>
    public const string Prefix = "it was taken out of the merge queue";

    public static void Run(StoreTransaction tx, PullRow pull, string why)
    {
        PullBook.Drop(tx, pull);
        var reason = $"{Prefix}: {why}";
        tx.ExecuteOne("UPDATE pulls SET state = 'open', needs_approval = 1, approval_reason = @reason, approved_sha = NULL, approved_by = NULL, updated_at = @Now WHERE id = @Id",
            new { reason, tx.Now, pull.Id });
        tx.Emit(EventTypes.PullApprovalNeeded, $"{pull.Name} needs a person: {reason}. Approve it to put it back at the end of the line.", pull.ProjectId, pull.TaskId,
            data: new { pullId = pull.Id, number = pull.Number, headSha = pull.HeadSha, reason });
        tx.Notify(new ReviewMoved(pull.TaskId));
    }
}
