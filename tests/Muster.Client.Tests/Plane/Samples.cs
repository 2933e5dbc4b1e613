using Muster.Contracts.Events;
using Muster.Contracts.Work;

namespace Muster.Client.Tests.Plane;

internal static class Samples
{
    private static readonly DateTimeOffset At = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static TaskInfo Task(string key, string title) => new()
    {
        Id = "id-" + key,
        Key = key,
        ProjectId = "p1",
        Project = "T",
        Title = title,
        Labels = [],
        Priority = 3,
        Status = TaskState.Pending,
        PercentComplete = 0,
        SpentHours = 0,
        Contract = "",
        NeedsApproval = false,
        DependsOn = [],
        WaitingOn = [],
        Attempts = 0,
        Failures = 0,
        Rehearsal = false,
        CreatedAt = At,
        UpdatedAt = At,
    };

    public static AssignmentInfo Assignment(string id, TaskInfo task, string agent, int epoch) => new()
    {
        Id = id,
        TaskId = task.Id,
        TaskKey = task.Key,
        AgentId = "a1",
        Agent = agent,
        Epoch = epoch,
        Status = AssignmentState.Active,
        PercentComplete = 0,
        Rehearsal = false,
        StartedAt = At,
    };

    public static EventInfo Event(long seq) => new()
    {
        Seq = seq,
        Id = $"e{seq}",
        Type = EventTypes.TaskUpdated,
        Text = $"Event {seq}, with a ü and a\nline",
        At = At,
    };
}
