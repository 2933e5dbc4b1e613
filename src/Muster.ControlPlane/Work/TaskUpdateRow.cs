using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>A row of <c>task_updates</c>: what was said about a task.</summary>
public sealed record TaskUpdateRow
{
    public string Id { get; init; } = "";
    public string TaskId { get; init; } = "";
    public string? AssignmentId { get; init; }
    public string Author { get; init; } = "";
    public string Kind { get; init; } = "";
    public string Text { get; init; } = "";
    public int? PercentComplete { get; init; }
    public long At { get; init; }

    public static TaskUpdateRow Add(StoreTransaction tx, TaskRow task, string author, string kind, string text, int? percent)
    {
        var row = new TaskUpdateRow
        {
            Id = Ids.New(),
            TaskId = task.Id,
            AssignmentId = task.AssignmentId,
            Author = author,
            Kind = kind,
            Text = text,
            PercentComplete = percent,
            At = tx.Now,
        };
        tx.ExecuteOne("INSERT INTO task_updates (id, task_id, assignment_id, author, kind, text, percent_complete, at) VALUES (@Id, @TaskId, @AssignmentId, @Author, @Kind, @Text, @PercentComplete, @At)", row);
        if (kind == "comment")
            tx.Emit(EventTypes.TaskCommented, $"{author} on {task.Key}: {text}", task.ProjectId, task.Id, data: new { key = task.Key, author });
        return row;
    }

    public TaskUpdateInfo ToInfo() => new()
    {
        Id = Id,
        TaskId = TaskId,
        AssignmentId = AssignmentId,
        Author = Author,
        Kind = Kind,
        Text = Text,
        PercentComplete = PercentComplete,
        At = Times.At(At),
    };
}
