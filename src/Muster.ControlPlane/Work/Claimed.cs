using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Evaluations;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>What follows when a task was given to an agent, and what its answer says.</summary>
public static class Claimed
{
    /// <summary>Tells of a task that has just been given; <paramref name="task"/> is as it is now.</summary>
    public static ClaimedRow Now(StoreTransaction tx, Store store, ProjectRow project, TaskRow task, AgentFacts agent)
    {
        tx.Emit(EventTypes.TaskClaimed, $"{agent.Name} took {task.Key}: {task.Title}", project.Id, task.Id, agent.Id,
            new { key = task.Key, epoch = task.Epoch, assignmentId = task.AssignmentId, agent = agent.Name });
        tx.Notify(new LeaseOpened(task.AssignmentId!, task.Id, agent.Id, task.Epoch, project.LeaseSeconds));
        var assignment = new AssignmentRow
        {
            Id = task.AssignmentId!,
            TaskId = task.Id,
            TaskKey = task.Key,
            AgentId = agent.Id,
            AgentName = agent.Name,
            Epoch = task.Epoch,
            Status = AssignmentState.Active,
            Rehearsal = agent.Rehearsal,
            LeaseUntil = tx.Now + project.LeaseSeconds * 1000L,
            StartedAt = tx.Now,
        };
        return new ClaimedRow(project, task, assignment, PreviousAttempts.Of(tx, task with { Epoch = task.Epoch - 1 }), task.Role ?? agent.Role, Trials.Of(tx, task));
    }

    /// <summary>What the statement that gives a task to an agent makes of its row.</summary>
    public static TaskRow Taken(StoreTransaction tx, TaskRow task, string assignmentId, AgentFacts agent) => task with
    {
        PreviousStatus = task.Status,
        Status = TaskState.InProgress,
        Ready = false,
        Epoch = task.Epoch + 1,
        AssignmentId = assignmentId,
        AgentId = agent.Id,
        AgentName = agent.Name,
        PercentComplete = 0,
        HeadSha = null,
        Rehearsal = task.Rehearsal || agent.Rehearsal,
        StartedAt = task.StartedAt ?? tx.Now,
        UpdatedAt = tx.Now,
    };

    /// <summary>What the answer says of one that was given before and is still held.</summary>
    public static ClaimedRow Again(StoreTransaction tx, string assignmentId)
    {
        var assignment = AssignmentRow.Find(tx, assignmentId)!;
        var task = tx.QueryFirst<TaskRow>(TaskQueries.ById, new { id = assignment.TaskId })!;
        var project = tx.QueryFirst<ProjectRow>(ProjectRow.Select + " WHERE id = @ProjectId", new { task.ProjectId })!;
        var role = task.Role ?? tx.QueryFirst<string>("SELECT role FROM agents WHERE id = @AgentId", new { assignment.AgentId });
        return new ClaimedRow(project, task, assignment, PreviousAttempts.Of(tx, task with { Epoch = task.Epoch - 1 }), role, Trials.Of(tx, task));
    }

    /// <summary>Gives one task to one agent, past the order; the same rules otherwise.</summary>
    public static ClaimedRow Directly(StoreTransaction tx, Store store, ProjectRow project, TaskRow task, AgentRow agent)
    {
        var facts = new AgentFacts(agent.Id, agent.Name, agent.Role, agent.Labels, agent.Capacity, agent.MayClaim, agent.Rehearsal);
        var claimed = Taken(tx, task, Ids.New(), facts);
        tx.ExecuteOne(
            """
            INSERT INTO assignments (id, task_id, agent_id, epoch, status, rehearsal, lease_until, started_at, plane_id)
            VALUES (@AssignmentId, @Id, @AgentId, @Epoch, 'active', @replays, @until, @Now, @PlaneId)
            """,
            new { claimed.AssignmentId, claimed.Id, claimed.AgentId, claimed.Epoch, replays = agent.Rehearsal, until = tx.Now + project.LeaseSeconds * 1000L, tx.Now, store.PlaneId });
        tx.ExecuteOne(
            """
            UPDATE tasks SET previous_status = status, status = 'in_progress', ready = 0, epoch = @Epoch, assignment_id = @AssignmentId, agent_id = @AgentId,
                   percent_complete = 0, head_sha = NULL, rehearsal = @Rehearsal, started_at = @StartedAt, updated_at = @UpdatedAt
             WHERE id = @Id AND status = 'pending' AND ready = 1 AND epoch = @Epoch - 1
            """, claimed);
        return Now(tx, store, project, claimed, facts);
    }
}

/// <summary>A task just given, with all that its answer needs, so that nothing is read twice.</summary>
/// <param name="Project">The task's.</param>
/// <param name="Task">As it is now.</param>
/// <param name="Assignment">The attempt.</param>
/// <param name="Previous">The attempt before.</param>
/// <param name="Role">Under which it is worked on: the task's, else the agent's.</param>
/// <param name="Trial">Where it is one: it has a role and a commit of its own to begin from.</param>
public sealed record ClaimedRow(ProjectRow Project, TaskRow Task, AssignmentRow Assignment, PreviousAttempt? Previous, string? Role, TrialRow? Trial);
