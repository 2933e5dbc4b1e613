using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Evaluations;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Pulls;

/// <summary>What a change adds and takes away.</summary>
internal sealed record ChangeSize(int Additions, int Deletions, int Files);

/// <summary>Writes pull requests: opened, refreshed, sent back, closed. Each inside the transaction of what caused it.</summary>
internal static class PullBook
{
    /// <summary>The open pull request of a task at its newest head; made when there is none.</summary>
    public static PullRow Ensure(StoreTransaction tx, TaskRow task, ProjectRow project, string target, ChangeSize size, string? summary)
    {
        var pull = PullQueries.OpenOf(tx, task.Id);
        if (pull is null) return Open(tx, task, project, target, size, summary);
        if (pull.HeadSha == task.HeadSha && pull.State != PullState.ChangesRequested) return pull;
        Drop(tx, pull);
        if (pull.HeadSha != task.HeadSha) EndEvaluation.Stop(tx, pull.Id, "the proposal was changed");
        tx.ExecuteOne(
            """
            UPDATE pulls SET head_sha = @HeadSha, branch = @Branch, base = @target, state = 'open', title = @title, body = COALESCE(@summary, body), author = @author, rehearsal = @Rehearsal,
                   needs_approval = 0, approval_reason = NULL, additions = @Additions, deletions = @Deletions, files_changed = @Files, updated_at = @Now
             WHERE id = @id
            """,
            new
            {
                task.HeadSha,
                task.Branch,
                target,
                title = task.Title,
                summary,
                author = Author(task),
                task.Rehearsal,
                size.Additions,
                size.Deletions,
                size.Files,
                tx.Now,
                id = pull.Id,
            });
        return PullQueries.Get(tx, pull.Id);
    }

    /// <summary>Sends a task in review back to be worked on again, with everything that stood around it.</summary>
    public static void SendBack(StoreTransaction tx, TaskRow task, string outcome, string reason, bool blame)
    {
        if (PullQueries.OpenOf(tx, task.Id) is { } pull)
        {
            Drop(tx, pull);
            tx.ExecuteOne("UPDATE pulls SET state = 'changes_requested', updated_at = @Now WHERE id = @Id", new { tx.Now, pull.Id });
        }

        JobOrders.CancelChecks(tx, task.Id, "The task was sent back.");
        TaskTransitions.EndAttempt(tx, task, outcome, reason, blame);
        tx.Notify(new ReviewMoved(task.Id));
    }

    public static void Close(StoreTransaction tx, PullRow pull, string why)
    {
        Drop(tx, pull);
        EndEvaluation.Stop(tx, pull.Id, "the pull request was closed");
        tx.ExecuteOne("UPDATE pulls SET state = 'closed', updated_at = @Now WHERE id = @Id", new { tx.Now, pull.Id });
        tx.Emit(EventTypes.PullClosed, $"{pull.Name} was closed: {why}", pull.ProjectId, pull.TaskId, data: new { pullId = pull.Id, number = pull.Number });
    }

    /// <summary>Takes a pull request out of the merge queue, when it stands there.</summary>
    public static bool Drop(StoreTransaction tx, PullRow pull)
    {
        if (tx.Execute("DELETE FROM merge_queue WHERE pull_id = @Id", new { pull.Id }) == 0) return false;
        tx.Notify(new QueueMoved(pull.ProjectId, pull.Base));
        return true;
    }

    private static PullRow Open(StoreTransaction tx, TaskRow task, ProjectRow project, string target, ChangeSize size, string? summary)
    {
        var id = Ids.New();
        var number = tx.QueryFirst<int>("UPDATE projects SET next_pull = next_pull + 1 WHERE id = @Id RETURNING next_pull - 1", new { project.Id });
        tx.ExecuteOne(
            """
            INSERT INTO pulls (id, project_id, number, task_id, title, body, branch, base, head_sha, state, author, needs_approval, rehearsal, additions, deletions, files_changed, created_at, updated_at)
            VALUES (@id, @projectId, @number, @taskId, @Title, @summary, @Branch, @target, @HeadSha, 'open', @author, 0, @Rehearsal, @Additions, @Deletions, @Files, @Now, @Now)
            """,
            new
            {
                id,
                projectId = project.Id,
                number,
                taskId = task.Id,
                task.Title,
                summary,
                task.Branch,
                target,
                task.HeadSha,
                author = Author(task),
                task.Rehearsal,
                size.Additions,
                size.Deletions,
                size.Files,
                tx.Now,
            });
        tx.ExecuteOne("UPDATE tasks SET pull_number = @number, updated_at = @Now WHERE id = @Id", new { number, tx.Now, task.Id });
        tx.Emit(EventTypes.PullOpened, $"{task.AgentName} opened {project.Key}!{number} for {task.Key}: {task.Title}", project.Id, task.Id, task.AgentId,
            new { pullId = id, number, branch = task.Branch, headSha = task.HeadSha });
        return PullQueries.Get(tx, id);
    }

    private static string Author(TaskRow task) => task.AgentName ?? "unknown";
}
