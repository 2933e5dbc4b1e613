using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Evaluations;
using Muster.ControlPlane.Fleet.Specialists;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Carries a task from one state to the next: row, counters, successors, gates, event; the one place that does.</summary>
public static class TaskTransitions
{
    /// <summary>Ends the review: everything the contract asks for is verified.</summary>
    public static void Finish(StoreTransaction tx, TaskRow task)
    {
        var state = Require(task, TaskFact.Verified);
        MarkDone(tx, task, state);
    }

    /// <summary>Hands the task in without a review, for a contract that asks for nothing.</summary>
    public static void FinishWithoutReview(StoreTransaction tx, TaskRow task) =>
        MarkDone(tx, task, Require(task, TaskFact.HandedInWithoutContract));

    public static void EnterReview(StoreTransaction tx, TaskRow task, string? headSha)
    {
        var state = Require(task, TaskFact.HandedIn);
        tx.ExecuteOne(
            """
            UPDATE tasks SET previous_status = status, status = @state, assignment_id = NULL, head_sha = COALESCE(@headSha, head_sha),
                   last_outcome = NULL, last_reason = NULL, updated_at = @Now
             WHERE id = @Id AND status = @Status
            """, new { state, headSha, tx.Now, task.Id, task.Status });
        tx.Emit(EventTypes.TaskReview, $"{task.Key} was handed in by {task.AgentName} and is being verified", task.ProjectId, task.Id, task.AgentId,
            new { key = task.Key, headSha, epoch = task.Epoch });
        tx.Notify(new ReviewMoved(task.Id));
    }

    /// <summary>
    /// Ends an attempt that did not lead to done: tried again, given up or quarantined, as the policy decides.
    /// </summary>
    /// <param name="outcome">An <see cref="AssignmentState"/> or one of <see cref="Outcomes"/>.</param>
    /// <param name="blame">Whether it counts towards quarantine.</param>
    /// <param name="hold">What it then waits for, when that is to be said.</param>
    /// <param name="taken">Whether a person took it away: then its agent is not the next to get it, as if it were to blame.</param>
    public static void EndAttempt(StoreTransaction tx, TaskRow task, string outcome, string? reason, bool blame, bool retry = true, TaskHold? hold = null, bool taken = false)
    {
        var loss = outcome is AssignmentState.Expired or AssignmentState.Died;
        if (Trials.End(tx, task, outcome, reason, hold)) return;
        var failures = task.Failures + (blame && !loss ? 1 : 0);
        var losses = task.Losses + (blame && loss ? 1 : 0);
        var fact = TaskFact.TriedAgain;
        var avoid = blame || taken;
        if (blame)
        {
            var project = tx.QueryFirst<ProjectRow>(ProjectRow.Select + " WHERE id = @ProjectId", new { task.ProjectId })!;
            var agents = tx.QueryFirst<int>("SELECT COUNT(DISTINCT agent_id) FROM assignments WHERE task_id = @Id", new { task.Id });
            fact = retry ? FailurePolicy.Decide(failures, losses, agents, project.MaxFailures) : TaskFact.GivenUp;
        }

        var state = Require(task, fact);
        if (state == TaskState.Pending) task = InALivingRole(tx, task);
        long? notBefore = fact == TaskFact.TriedAgain && blame && FailurePolicy.DelaysAfter(outcome)
            ? tx.Now + (long)FailurePolicy.Delay(failures, Random.Shared.NextDouble()).TotalMilliseconds
            : hold?.Until;
        var ready = state == TaskState.Pending && notBefore is null && task.OpenDependencies == 0 && !task.Gated;
        tx.ExecuteOne(
            """
            UPDATE tasks SET previous_status = status, status = @state, assignment_id = NULL, failures = @failures, losses = @losses,
                   last_outcome = @outcome, last_reason = @reason, not_before = @notBefore,
                   not_before_code = CASE WHEN @notBefore IS NULL OR @holdCode IS NOT NULL THEN NULL ELSE 'backoff' END, hold_code = @holdCode, ready = @ready,
                   avoid_agent_id = CASE WHEN @avoid = 1 THEN agent_id ELSE NULL END,
                   completed_at = CASE WHEN @final = 1 THEN @Now ELSE NULL END, updated_at = @Now
             WHERE id = @Id AND status = @Status
            """,
            new
            {
                state,
                failures,
                losses,
                outcome,
                reason,
                notBefore,
                holdCode = hold?.Code,
                ready,
                avoid,
                final = TaskLifecycle.IsFinal(state),
                tx.Now,
                task.Id,
                task.Status,
            });
        Announce(tx, task, state, outcome, reason);
        if (hold is not null)
            tx.Emit(EventTypes.TaskHeld, $"{task.Key} waits: {Holds.Sentence(hold.Code)}", task.ProjectId, task.Id, data: new { key = task.Key, code = hold.Code, until = Times.At(hold.Until) });
        if (ready) tx.Notify(new TaskBecameReady(ReadyTask.Of(task, tx.Now, avoid ? task.AgentId : null)));
        if (notBefore is { } due) tx.Notify(new TaskDue(due));
    }

    /// <summary>A person takes a task from the agent that holds it; another goes on from what was saved, where there is one.</summary>
    public static void TakeBack(StoreTransaction tx, TaskRow task, string? reason)
    {
        if (task is not { Status: TaskState.InProgress, AssignmentId: not null }) throw Refusal.WrongState($"{task.Key} is {task.Status.Replace('_', ' ')}; only a task in progress can be taken back.");
        CloseAssignment(tx, task, AssignmentState.Revoked, reason);
        EndAttempt(tx, task, AssignmentState.Revoked, reason, blame: false, taken: true);
    }

    public static void Cancel(StoreTransaction tx, TaskRow task, string? reason)
    {
        var state = Require(task, TaskFact.Cancelled);
        if (task.AssignmentId is not null) CloseAssignment(tx, task, AssignmentState.Revoked, "The task was cancelled.");
        tx.ExecuteOne(
            """
            UPDATE tasks SET previous_status = status, status = @state, assignment_id = NULL, ready = 0, not_before = NULL, not_before_code = NULL, hold_code = NULL,
                   last_outcome = @state, last_reason = @reason, completed_at = @Now, updated_at = @Now
             WHERE id = @Id AND status = @Status
            """, new { state, reason, tx.Now, task.Id, task.Status });
        EpicCounters.Remove(tx, task);
        Trials.Cancelled(tx, task, reason);
        tx.Emit(EventTypes.TaskCancelled, $"{task.Key} was cancelled{(reason is null ? "" : ": " + reason)}", task.ProjectId, task.Id, data: new { key = task.Key, reason });
        tx.Notify(new ReviewMoved(task.Id));
    }

    /// <summary>A person gives a finished but not done task another life: the failures are forgiven, the epochs go on.</summary>
    public static void Retry(StoreTransaction tx, TaskRow task)
    {
        Trials.Refuse(tx, task);
        var state = Require(task, TaskFact.Retried);
        task = InALivingRole(tx, task);
        var ready = task.OpenDependencies == 0 && !task.Gated;
        tx.ExecuteOne(
            """
            UPDATE tasks SET previous_status = status, status = @state, failures = 0, losses = 0, not_before = NULL, not_before_code = NULL, hold_code = NULL,
                   avoid_agent_id = NULL, ready = @ready, completed_at = NULL, updated_at = @Now
             WHERE id = @Id AND status = @Status
            """, new { state, ready, tx.Now, task.Id, task.Status });
        if (task.Status == TaskState.Cancelled) EpicCounters.Add(tx, task);
        tx.Emit(EventTypes.TaskRetried, $"{task.Key} is tried again", task.ProjectId, task.Id, data: new { key = task.Key });
        if (ready) tx.Notify(new TaskBecameReady(ReadyTask.Of(task, tx.Now)));
    }

    /// <summary>What was meant for a specialist that is retired by now goes to who makes them: else nobody would ever take it.</summary>
    private static TaskRow InALivingRole(StoreTransaction tx, TaskRow task)
    {
        if (task.Role is null || tx.QueryFirst<string>("SELECT name FROM specialists WHERE name = @Role AND state = 'retired'", new { task.Role }) is null) return task;
        tx.ExecuteOne("UPDATE tasks SET role = @Seed WHERE id = @Id", new { SpecialistRules.Seed, task.Id });
        return task with { Role = SpecialistRules.Seed };
    }

    /// <summary>Ends the open assignment of a task. The task row must follow in the same transaction.</summary>
    public static void CloseAssignment(StoreTransaction tx, TaskRow task, string status, string? reason)
    {
        tx.ExecuteOne("UPDATE assignments SET status = @status, reason = @reason, ended_at = @Now WHERE id = @AssignmentId AND status = 'active'",
            new { status, reason, tx.Now, task.AssignmentId });
        tx.Notify(new LeaseClosed(task.AssignmentId!, task.Id, task.ProjectId, task.Epoch));
    }

    private static void MarkDone(StoreTransaction tx, TaskRow task, string state)
    {
        tx.ExecuteOne(
            """
            UPDATE tasks SET previous_status = status, status = @state, assignment_id = NULL, percent_complete = 100, ready = 0,
                   last_outcome = NULL, last_reason = NULL, completed_at = @Now, updated_at = @Now
             WHERE id = @Id AND status = @Status
            """, new { state, tx.Now, task.Id, task.Status });
        tx.Emit(EventTypes.TaskCompleted, $"{task.Key} is done: {task.Title}", task.ProjectId, task.Id, task.AgentId, new { key = task.Key, epoch = task.Epoch });
        Readiness.DependenciesDone(tx, [task.Id]);
        EpicCounters.Done(tx, task);
    }

    private static string Require(TaskRow task, TaskFact fact) =>
        TaskLifecycle.Next(task.Status, fact)
        ?? throw Refusal.WrongState($"{task.Key} is {task.Status.Replace('_', ' ')}, so it cannot be {Describe(fact)}.");

    private static string Describe(TaskFact fact) => fact switch
    {
        TaskFact.Claimed => "claimed",
        TaskFact.HandedIn or TaskFact.HandedInWithoutContract => "handed in",
        TaskFact.Verified => "finished",
        TaskFact.Cancelled => "cancelled",
        TaskFact.Retried => "retried",
        _ => "sent back",
    };

    private static void Announce(StoreTransaction tx, TaskRow task, string state, string outcome, string? reason)
    {
        var why = reason is null ? "" : ": " + reason;
        var (type, text) = state switch
        {
            TaskState.Failed => (EventTypes.TaskFailed, $"{task.Key} failed{why}"),
            TaskState.Quarantined => (EventTypes.TaskQuarantined, $"{task.Key} was quarantined after {task.Epoch} attempts{why}"),
            _ => outcome switch
            {
                AssignmentState.Released => (EventTypes.TaskReleased, $"{task.AgentName} gave {task.Key} back{why}"),
                AssignmentState.Expired => (EventTypes.TaskExpired, $"{task.AgentName} did not renew its lease of {task.Key}"),
                AssignmentState.Died => (EventTypes.TaskReleased, $"{task.AgentName} died; {task.Key} is free again"),
                AssignmentState.Failed => (EventTypes.TaskAttemptFailed, $"Attempt {task.Epoch} at {task.Key} failed{why}"),
                AssignmentState.Revoked => (EventTypes.TaskReleased, $"{task.Key} was taken from {task.AgentName}{why}"),
                _ => (EventTypes.TaskSentBack, $"{task.Key} was sent back{why}"),
            },
        };
        tx.Emit(type, text, task.ProjectId, task.Id, task.AgentId, new { key = task.Key, epoch = task.Epoch, outcome, reason });
    }
}
