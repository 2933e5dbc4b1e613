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

/// <summary>How much waits for a person's word or hand.</summary>
public sealed record NeedsCount
{
    /// <summary>Plans that wait for a yes.</summary>
    public required int Plans { get; init; }

    /// <summary>Pull requests that wait for an approval.</summary>
    public required int Pulls { get; init; }

    /// <summary>Tasks whose agent asked something.</summary>
    public required int Questions { get; init; }

    /// <summary>Tasks that failed for good, or were put aside.</summary>
    public required int Broken { get; init; }

    /// <summary>Goals of which no plan came.</summary>
    public required int Goals { get; init; }

    /// <summary>Tools that passed their tests and wait for a word.</summary>
    public required int Tools { get; init; }

    /// <summary>Epics whose merge does not go through.</summary>
    public required int Epics { get; init; }

    /// <summary>Environments whose newest deployment did not come up.</summary>
    public required int Deployments { get; init; }
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
