using Muster.Contracts.Work;

namespace Muster.Contracts.Progress;

public sealed record ProgressSummary
{
    public required IReadOnlyList<ProjectProgress> Projects { get; init; }
    public required int Agents { get; init; }
    public required int AgentsWorking { get; init; }
    public required DateTimeOffset At { get; init; }
}

public sealed record ProjectProgress
{
    public required string ProjectId { get; init; }
    public required string Project { get; init; }
    public required string Name { get; init; }
    public required int Tasks { get; init; }

    /// <summary>Number of tasks by state.</summary>
    public required IReadOnlyDictionary<string, int> ByStatus { get; init; }
    public required int Ready { get; init; }
    public required double Hours { get; init; }
    public required double HoursDone { get; init; }
    public required double Percent { get; init; }

    /// <summary>Hours of plan done per wall-clock hour since the first task started; null before anything is done.</summary>
    public double? Velocity { get; init; }

    /// <summary>When the rest is done at that velocity.</summary>
    public DateTimeOffset? Eta { get; init; }
    public required IReadOnlyList<EpicInfo> Epics { get; init; }
}

public sealed record AgentProgress
{
    public required string AgentId { get; init; }
    public required string Agent { get; init; }
    public string? Role { get; init; }
    public required string Health { get; init; }
    public required int Completed { get; init; }
    public required int Failed { get; init; }
    public required double HoursDone { get; init; }

    /// <summary>Share of the time since it registered in which it held a task, 0 to 1.</summary>
    public required double Utilisation { get; init; }
    public required IReadOnlyList<string> Tasks { get; init; }
}

public sealed record CreateSnapshot
{
    /// <summary>Key or id of one project; every project when null.</summary>
    public string? Project { get; init; }
}

public sealed record SnapshotInfo
{
    public required string Id { get; init; }
    public required string ProjectId { get; init; }
    public required int Tasks { get; init; }
    public required int TasksDone { get; init; }
    public required int TasksInProgress { get; init; }
    public required double Hours { get; init; }
    public required double HoursDone { get; init; }
    public required double Percent { get; init; }
    public double? Velocity { get; init; }
    public required int AgentsWorking { get; init; }
    public required DateTimeOffset At { get; init; }
}

public sealed record Statistics
{
    public required IReadOnlyDictionary<string, int> TasksByStatus { get; init; }
    public required int Projects { get; init; }
    public required int Agents { get; init; }
    public required int AgentsHealthy { get; init; }
    public required int Hosts { get; init; }
    public required long Events { get; init; }
    public required int Assignments { get; init; }
    public required int AssignmentsFailed { get; init; }
    public required int PullsMerged { get; init; }
    public required int ChecksPassed { get; init; }
    public required int ChecksFailed { get; init; }
    public required long TokensIn { get; init; }
    public required long TokensOut { get; init; }
    public required double CostUsd { get; init; }
}
