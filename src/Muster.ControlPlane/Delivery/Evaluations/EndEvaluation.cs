using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Evaluations;

/// <summary>An evaluation is over in the transaction that ends its last trial: there is no moment in which a killed plane could lose it.</summary>
internal static class EndEvaluation
{
    /// <summary>Who says it in the proposal's reviews.</summary>
    private const string Reviewer = "evaluation";

    public static void IfOver(StoreTransaction tx, string id)
    {
        if (tx.QueryFirst<int>("SELECT COUNT(*) FROM trials WHERE evaluation_id = @id AND outcome IS NULL", new { id }) > 0) return;
        if (tx.Execute("UPDATE evaluations SET state = 'done', ended_at = @Now WHERE id = @id AND state = 'running'", new { tx.Now, id }) == 0) return;
        var info = EvaluationRow.Get(tx, id).ToInfo(tx.Query<TrialFigures>(TrialFigures.Select, new { id }));
        var pull = PullQueries.Get(tx, info.PullId);
        tx.ExecuteOne(
            "INSERT INTO reviews (id, pull_id, reviewer, verdict, head_sha, body, comments, created_at) VALUES (@id, @pull, @Reviewer, @verdict, @HeadSha, @body, '[]', @Now)",
            new { id = Ids.New(), pull = pull.Id, Reviewer, verdict = Verdicts.Comment, info.HeadSha, body = EvaluationText.Table(info), tx.Now });
        EvidenceBook.Prove(tx, TaskQueries.Get(tx, pull.TaskId), EvidenceKinds.Research, $"evaluation:{id}", info.HeadSha, null, $"evaluation:{id}", EvaluationText.Sentence(info));
        tx.Emit(EventTypes.EvaluationEnded, $"{pull.Name}: {EvaluationText.Sentence(info)}", pull.ProjectId, pull.TaskId,
            data: new { evaluation = id, pullId = pull.Id, info.State, before = info.Before, after = info.After });
    }

    /// <summary>Nobody needs its result any more: what is left of it is cancelled, and costs nothing more.</summary>
    public static void Stop(StoreTransaction tx, string pullId, string why)
    {
        foreach (var id in tx.Query<string>("SELECT id FROM evaluations WHERE pull_id = @pullId AND state = 'running'", new { pullId })) Cancel(tx, id, why);
    }

    public static void Cancel(StoreTransaction tx, string id, string why)
    {
        var row = EvaluationRow.Get(tx, id);
        if (tx.Execute("UPDATE evaluations SET state = 'cancelled', reason = @why, ended_at = @Now WHERE id = @Id AND state = 'running'", new { why, tx.Now, row.Id }) == 0)
            throw Operations.Refusal.WrongState($"The evaluation is {row.State} already.");
        foreach (var task in tx.Query<string>("SELECT task_id FROM trials WHERE evaluation_id = @Id AND outcome IS NULL", new { row.Id })) TaskTransitions.Cancel(tx, TaskQueries.Get(tx, task), "The evaluation was cancelled.");
        tx.Emit(EventTypes.EvaluationEnded, $"{row.Pull}: the evaluation was cancelled: {why}", row.ProjectId, row.ProposalTask, data: new { evaluation = row.Id, pullId = row.PullId, state = EvaluationState.Cancelled });
    }
}
