using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>
/// Gives ready tasks to an agent: by priority, then to the project with the fewest tasks running, then by age. Opens an
/// assignment with the next epoch and counts the attempt, all in the caller's transaction.
/// </summary>
public static class ClaimTasks
{
    /// <summary>How long an agent that failed a task leaves it to others, where there are others.</summary>
    private const long AvoidMilliseconds = 10_000;

    private const int Chunk = 50;

    public static List<ClaimedRow> Run(StoreTransaction tx, string planeId, AgentRow agent, ClaimRequest request)
    {
        if (!agent.MayClaim) return [];
        var running = tx.QueryFirst<int>("SELECT COUNT(*) FROM assignments WHERE agent_id = @Id AND status = 'active'", new { agent.Id });
        var max = Math.Min(request.Max, agent.Capacity - running);
        if (max <= 0) return [];

        var projects = tx.Query<ProjectRow>(ProjectRow.Select + " WHERE paused = 0");
        if (request.Projects is { Count: > 0 } only)
            projects = projects.Where(p => only.Contains(p.Id) || only.Contains(p.Key, StringComparer.OrdinalIgnoreCase)).ToList();
        var labels = request.Labels is { Count: > 0 } ? request.Labels : JsonSerializer.Deserialize<string[]>(agent.Labels)!;
        return projects
            .SelectMany(p => Candidates(tx, p, agent, labels, max).Select(t => (Project: p, Task: t)))
            .OrderBy(c => c.Task.Priority).ThenBy(c => c.Project.Running).ThenBy(c => c.Task.CreatedAt).ThenBy(c => c.Task.Number)
            .Take(max)
            .ToList()
            .ConvertAll(c => Open(tx, planeId, c.Project, c.Task, agent));
    }

    /// <summary>Gives one task to one agent, past the order; the same rules otherwise.</summary>
    public static ClaimedRow Open(StoreTransaction tx, string planeId, ProjectRow project, TaskRow task, AgentRow agent)
    {
        var assignmentId = Ids.New();
        var until = tx.Now + project.LeaseSeconds * 1000L;
        var claimed = task with
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
        tx.ExecuteOne(
            "INSERT INTO assignments (id, task_id, agent_id, epoch, status, rehearsal, plane_id, lease_until, started_at) VALUES (@assignmentId, @Id, @AgentId, @Epoch, 'active', @rehearsal, @planeId, @until, @Now)",
            new { assignmentId, claimed.Id, claimed.AgentId, claimed.Epoch, rehearsal = agent.Rehearsal, planeId, until, tx.Now });
        tx.ExecuteOne(
            """
            UPDATE tasks SET previous_status = status, status = 'in_progress', ready = 0, epoch = @Epoch, assignment_id = @AssignmentId, agent_id = @AgentId,
                   percent_complete = 0, head_sha = NULL, rehearsal = @Rehearsal, started_at = @StartedAt, updated_at = @UpdatedAt
             WHERE id = @Id AND status = 'pending' AND ready = 1 AND epoch = @Epoch - 1
            """, claimed);
        tx.ExecuteOne("UPDATE projects SET running = running + 1 WHERE id = @Id", new { project.Id });
        tx.Emit(EventTypes.TaskClaimed, $"{agent.Name} took {task.Key}: {task.Title}", project.Id, task.Id, agent.Id,
            new { key = task.Key, epoch = claimed.Epoch, assignmentId, agent = agent.Name });
        tx.Notify(new LeaseOpened(assignmentId, task.Id, agent.Id, claimed.Epoch, project.LeaseSeconds));

        var assignment = new AssignmentRow
        {
            Id = assignmentId,
            TaskId = task.Id,
            TaskKey = task.Key,
            AgentId = agent.Id,
            AgentName = agent.Name,
            Epoch = claimed.Epoch,
            Status = AssignmentState.Active,
            Rehearsal = agent.Rehearsal,
            LeaseUntil = until,
            StartedAt = tx.Now,
        };
        return new ClaimedRow(project, claimed, assignment, PreviousAttempts.Of(tx, task));
    }

    private static List<TaskRow> Candidates(StoreTransaction tx, ProjectRow project, AgentRow agent, IReadOnlyList<string> labels, int max)
    {
        var found = new List<TaskRow>();
        int priority = 0, number = 0;
        while (true)
        {
            var chunk = tx.Query<TaskRow>(
                TaskQueries.Select +
                """

                 WHERE t.ready = 1 AND t.project_id = @Id AND (t.priority > @priority OR (t.priority = @priority AND t.number > @number))
                   AND (t.role IS NULL OR @Role IS NULL OR t.role = @Role)
                 ORDER BY t.priority, t.number LIMIT @limit
                """, new { project.Id, priority, number, agent.Role, limit = labels.Count == 0 ? Math.Min(max + 5, Chunk) : Chunk });
            foreach (var task in chunk)
            {
                if (!LabelsMatch(task.Labels, labels) || IsAvoided(tx, task, agent)) continue;
                found.Add(task);
                if (found.Count == max) return found;
            }

            if (chunk.Count == 0) return found;
            (priority, number) = (chunk[^1].Priority, chunk[^1].Number);
        }
    }

    /// <summary>An agent with labels takes tasks that share one, and tasks that have none.</summary>
    public static bool LabelsMatch(string taskLabels, IReadOnlyList<string> agentLabels)
    {
        if (agentLabels.Count == 0 || taskLabels == "[]") return true;
        return JsonSerializer.Deserialize<string[]>(taskLabels)!.Any(l => agentLabels.Contains(l, StringComparer.OrdinalIgnoreCase));
    }

    private static bool IsAvoided(StoreTransaction tx, TaskRow task, AgentRow agent)
    {
        if (task.AvoidAgentId != agent.Id || tx.Now - task.UpdatedAt > AvoidMilliseconds) return false;
        return tx.QueryFirst<int>(
            """
            SELECT COUNT(*) FROM agents WHERE id <> @Id AND active = 1 AND desired = 'running' AND health = 'healthy'
               AND (role IS NULL OR @taskRole IS NULL OR role = @taskRole)
            """, new { agent.Id, taskRole = task.Role }) > 0;
    }
}

/// <summary>A task just given, with all that its answer needs, so that nothing is read twice.</summary>
public sealed record ClaimedRow(ProjectRow Project, TaskRow Task, AssignmentRow Assignment, PreviousAttempt? Previous);
