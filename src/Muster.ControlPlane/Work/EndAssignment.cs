using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet.Roles.Notes;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Ends an attempt without a result: it failed, was given back or was lost. Results are handed in through <see cref="CompleteAssignments"/>.</summary>
public static class EndAssignment
{
    public static AssignmentInfo Fail(StoreTransaction tx, Store store, string? lease, string assignmentId, Contracts.Work.FailAssignment body)
    {
        if (Leases.Find(tx, store, lease, assignmentId) is not { } task) return EndedBefore(tx, store, LeaseToken.Read(lease, store.LeaseKey), assignmentId, AssignmentState.Failed);
        Lessons.Learned(tx, task, body.Lesson, null);
        TaskTransitions.CloseAssignment(tx, task, AssignmentState.Failed, body.Reason);
        TaskTransitions.EndAttempt(tx, task, AssignmentState.Failed, body.Reason, blame: true, body.Retry);
        return AssignmentRow.Find(tx, assignmentId)!.ToInfo();
    }

    public static AssignmentInfo Release(StoreTransaction tx, Store store, string? lease, string assignmentId, Contracts.Work.ReleaseAssignment body)
    {
        if (Leases.Find(tx, store, lease, assignmentId) is not { } task) return EndedBefore(tx, store, LeaseToken.Read(lease, store.LeaseKey), assignmentId, AssignmentState.Released);
        if (body.WipSha is not null) tx.ExecuteOne("UPDATE assignments SET wip_sha = @WipSha WHERE id = @assignmentId", new { body.WipSha, assignmentId });
        TaskTransitions.CloseAssignment(tx, task, AssignmentState.Released, body.Reason);
        TaskTransitions.EndAttempt(tx, task, AssignmentState.Released, body.Reason, blame: false, hold: Holds.Of(tx, body));
        return AssignmentRow.Find(tx, assignmentId)!.ToInfo();
    }

    /// <summary>Takes a task back from an agent that did not renew or whose process died. Harmless when it has ended meanwhile.</summary>
    public static bool Lose(StoreTransaction tx, string taskId, int epoch, string outcome, string reason)
    {
        var task = tx.QueryFirst<TaskRow>(TaskQueries.ById, new { id = taskId });
        if (task is null || task.Epoch != epoch || task.Status != TaskState.InProgress) return false;
        TaskTransitions.CloseAssignment(tx, task, outcome, reason);
        TaskTransitions.EndAttempt(tx, task, outcome, reason, blame: true);
        return true;
    }

    public static void AddSpent(StoreTransaction tx, string taskId, double hours)
    {
        CheckSpent(hours);
        tx.ExecuteOne("UPDATE tasks SET spent_minutes = @minutes, updated_at = @Now WHERE id = @taskId", new { minutes = (long)Math.Round(hours * 60), tx.Now, taskId });
    }

    /// <summary>The answer for an assignment that this very lease has ended in this very way; refuses anything else.</summary>
    public static AssignmentInfo EndedBefore(StoreTransaction tx, Store store, LeaseToken? lease, string assignmentId, string status)
    {
        var row = lease is null ? null : AssignmentRow.Find(tx, assignmentId);
        return row is not null && row.Status == status && lease is { } token && token.Incarnation == store.Incarnation && token.Subject == row.TaskId && token.Epoch == row.Epoch
            ? row.ToInfo()
            : throw Refusal.LeaseLost();
    }

    /// <summary>Refuses a hand-in whose parts cannot be taken, before any of it is written.</summary>
    public static void Check(CompleteAssignment body)
    {
        if (body.SpentHours is { } hours) CheckSpent(hours);
        foreach (var claim in body.Evidence ?? [])
        {
            if (claim is null) throw Refusal.Invalid("evidence", "Evidence is a list of objects.");
            if (!EvidenceKinds.All.Contains(claim.Kind)) throw Refusal.Invalid("evidence", $"Evidence is one of {string.Join(", ", EvidenceKinds.All)}.");
            new Checked().Line(claim.Reference, "evidence.reference", 2000).Text(claim.Detail, "evidence.detail", 10_000, required: false).ThrowIfWrong();
        }
    }

    public static void AddClaim(StoreTransaction tx, TaskRow task, EvidenceClaim claim)
    {
        tx.ExecuteOne(
            """
            INSERT INTO evidence (id, task_id, assignment_id, kind, reference, detail, rehearsal, created_at)
            VALUES (@id, @taskId, @AssignmentId, @Kind, @Reference, @Detail, @Rehearsal, @Now)
            """, new { id = Ids.New(), taskId = task.Id, task.AssignmentId, claim.Kind, claim.Reference, claim.Detail, task.Rehearsal, tx.Now });
        tx.Emit(EventTypes.EvidenceAdded, $"{task.AgentName} attached {claim.Kind} evidence to {task.Key}", task.ProjectId, task.Id, task.AgentId, new { claim.Kind, claim.Reference });
    }

    private static void CheckSpent(double hours)
    {
        if (hours is < 0 or > 100_000 || double.IsNaN(hours)) throw Refusal.Invalid("spentHours", "Hours spent are 0 to 100000.");
    }
}
