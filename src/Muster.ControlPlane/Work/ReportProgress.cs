using Muster.Contracts.Events;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>How far a task is, as its agent says. A claim, not a fact: done is decided by evidence.</summary>
public static class ReportProgress
{
    public static string OnTask(StoreTransaction tx, Store store, HttpContext http, string id, TaskProgress body)
    {
        Check(body.PercentComplete, body.Note);
        var task = ForWriter(tx, store, http, id);
        Write(tx, task, http.Principal().Name, body.PercentComplete, body.Note, body.SpentHours);
        return task.Id;
    }

    public static string Git(StoreTransaction tx, Store store, HttpContext http, string id, TaskGit body)
    {
        new Checked().Line(body.Branch, "branch", 250, required: false)
            .Require(body.HeadSha is null || IsSha(body.HeadSha), "headSha", "headSha is a full commit id in hexadecimal.")
            .Require(body.PullRequest is null or > 0, "pullRequest", "pullRequest is a positive number.").ThrowIfWrong();
        var task = ForWriter(tx, store, http, id);
        tx.ExecuteOne("UPDATE tasks SET branch = COALESCE(@Branch, branch), head_sha = COALESCE(@HeadSha, head_sha), pull_number = COALESCE(@PullRequest, pull_number), updated_at = @Now WHERE id = @Id",
            new { body.Branch, body.HeadSha, body.PullRequest, tx.Now, task.Id });
        tx.Emit(EventTypes.TaskUpdated, $"{task.Key} is on branch {body.Branch ?? task.Branch}", task.ProjectId, task.Id, data: new { key = task.Key, body.Branch, body.HeadSha });
        return task.Id;
    }

    public static AssignmentInfo OnAssignment(StoreTransaction tx, Store store, string? lease, string author, string assignmentId, AssignmentProgress body)
    {
        Check(body.PercentComplete, body.Note);
        if (body.WipSha is not null && !IsSha(body.WipSha)) throw Refusal.Invalid("wipSha", "wipSha is a full commit id in hexadecimal.");
        var task = Leases.Require(tx, store, lease, assignmentId);
        tx.ExecuteOne("UPDATE assignments SET percent_complete = COALESCE(@PercentComplete, percent_complete), note = COALESCE(@Note, note), wip_sha = COALESCE(@WipSha, wip_sha) WHERE id = @assignmentId",
            new { body.PercentComplete, body.Note, body.WipSha, assignmentId });
        Write(tx, task, author, body.PercentComplete, body.Note, body.SpentHours);
        return AssignmentRow.Find(tx, assignmentId)!.ToInfo();
    }

    public static bool IsSha(string text) => text.Length is 40 or 64 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Before anything is written: the schema's own checks would be a fault of the plane, not of the request.</summary>
    private static void Check(int? percent, string? note) =>
        new Checked().Require(percent is null or (>= 0 and <= 100), "percentComplete", "percentComplete is 0 to 100.").Text(note, "note", 2000, required: false).ThrowIfWrong();

    private static void Write(StoreTransaction tx, TaskRow task, string author, int? percent, string? note, double? hours)
    {
        if (hours is { } spent) EndAssignment.AddSpent(tx, task.Id, spent);
        if (percent is null && note is null) return;
        if (TaskLifecycle.IsFinal(task.Status)) throw Refusal.WrongState($"{task.Key} is {task.Status}; its progress is settled.");
        tx.ExecuteOne("UPDATE tasks SET percent_complete = COALESCE(@percent, percent_complete), updated_at = @Now WHERE id = @Id", new { percent, tx.Now, task.Id });
        if (note is not null) TaskUpdateRow.Add(tx, task, author, "progress", note, percent);
        tx.Emit(EventTypes.TaskProgress, $"{task.Key} is at {percent ?? task.PercentComplete}%{(note is null ? "" : ": " + note)}", task.ProjectId, task.Id, task.AgentId,
            new { key = task.Key, percent = percent ?? task.PercentComplete, note });
    }

    /// <summary>An agent writes only to the task whose lease it holds; a person who steers may write to any.</summary>
    private static TaskRow ForWriter(StoreTransaction tx, Store store, HttpContext http, string id)
    {
        var task = TaskQueries.Get(tx, id);
        var lease = Leases.Header(http);
        if (http.Principal().Scope == Scopes.Agent || lease is not null)
        {
            if (Leases.Require(tx, store, lease).Id != task.Id) throw Refusal.LeaseLost();
        }

        return task;
    }
}
