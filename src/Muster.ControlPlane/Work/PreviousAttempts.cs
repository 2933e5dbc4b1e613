using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>What the next attempt should know of the one before it.</summary>
public static class PreviousAttempts
{
    public static PreviousAttempt? Of(StoreTransaction tx, TaskRow task)
    {
        if (task.Epoch == 0) return null;
        var last = tx.QueryFirst<AssignmentRow>(AssignmentRow.Select + " WHERE s.task_id = @Id AND s.epoch = @Epoch", new { task.Id, task.Epoch });
        if (last is null) return Proposed(tx, task);
        var outcome = task.LastOutcome ?? last.Status;
        return new PreviousAttempt
        {
            Epoch = last.Epoch,
            Agent = last.AgentName,
            Outcome = outcome,
            Reason = task.LastReason ?? last.Reason,
            HeadSha = last.HeadSha,
            WipSha = last.WipSha,
            Continue = last.HeadSha is not null && outcome is Outcomes.CheckFailed or Outcomes.ChangesRequested,
            Comments = outcome == Outcomes.ChangesRequested ? Comments(tx, task.Id) : null,
        };
    }

    /// <summary>Of a proposal, whose work came without an attempt: its pull request says what it was and what is wanted.</summary>
    private static PreviousAttempt? Proposed(StoreTransaction tx, TaskRow task) =>
        tx.QueryFirst<(string Head, string Author)>("SELECT head_sha, author FROM pulls WHERE task_id = @Id ORDER BY id DESC LIMIT 1", new { task.Id }) is not ({ } head, { } author) ? null : new PreviousAttempt
        {
            Epoch = task.Epoch,
            Agent = author,
            Outcome = task.LastOutcome ?? AssignmentState.Completed,
            Reason = task.LastReason,
            HeadSha = head,
            Continue = task.LastOutcome is Outcomes.ChangesRequested or Outcomes.CheckFailed,
            Comments = task.LastOutcome == Outcomes.ChangesRequested ? Comments(tx, task.Id) : null,
        };

    private static List<ReviewComment> Comments(StoreTransaction tx, string taskId)
    {
        var review = tx.QueryFirst<ReviewText>(
            """
            SELECT r.body, r.comments FROM reviews r JOIN pulls p ON p.id = r.pull_id
             WHERE p.task_id = @taskId AND r.verdict = 'request_changes' ORDER BY r.id DESC LIMIT 1
            """, new { taskId });
        if (review is null) return [];
        var comments = JsonSerializer.Deserialize<List<ReviewComment>>(review.Comments, Wire.Json)!;
        if (!string.IsNullOrEmpty(review.Body)) comments.Insert(0, new ReviewComment { Text = review.Body });
        return comments;
    }

    private sealed record ReviewText
    {
        public string? Body { get; init; }
        public string Comments { get; init; } = "[]";
    }
}
