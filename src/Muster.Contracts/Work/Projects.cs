namespace Muster.Contracts.Work;

/// <summary>A repository and its rules.</summary>
public sealed record ProjectInfo
{
    public required string Id { get; init; }

    /// <summary>Two to ten capital letters or digits; the first part of its tasks' keys.</summary>
    public required string Key { get; init; }
    public required string Name { get; init; }

    /// <summary>Path or URL of the person's own repository; null for a project whose tasks need no git.</summary>
    public string? Repository { get; init; }
    public required string TargetBranch { get; init; }

    /// <summary>Seconds without a renewal after which a lease is taken back.</summary>
    public required int LeaseSeconds { get; init; }

    /// <summary>Failures on at least two agents after which a task is quarantined.</summary>
    public required int MaxFailures { get; init; }

    /// <summary>Contract of tasks that name none, such as <c>commit + test(pass) + pr(merged)</c>.</summary>
    public required string Contract { get; init; }

    /// <summary>One of <see cref="ReviewPolicies"/>.</summary>
    public required string Review { get; init; }

    /// <summary>Whether merged work is pushed (fast-forward only) to <see cref="Repository"/>.</summary>
    public required bool PushBack { get; init; }
    public required bool Paused { get; init; }

    /// <summary>Whether the tasks of an epic are merged into a branch of the epic first, and the epic into the target when all are done.</summary>
    public required bool EpicBranches { get; init; }

    /// <summary>One of <see cref="Conversations.PlanApprovals"/>: whether the Chief of Staff's plans wait for a person.</summary>
    public string? Approval { get; init; }

    /// <summary>Environment to which every merge is deployed, when set.</summary>
    public string? DeployTo { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public static class ReviewPolicies
{
    /// <summary>Verified evidence is enough; a person decides only where a task asks for it or no check stands.</summary>
    public const string Auto = "auto";

    /// <summary>A person approves every pull request.</summary>
    public const string Person = "person";
}

public sealed record CreateProject
{
    public string? Key { get; init; }
    public required string Name { get; init; }
    public string? Repository { get; init; }
    public string? TargetBranch { get; init; }
    public int? LeaseSeconds { get; init; }
    public int? MaxFailures { get; init; }
    public string? Contract { get; init; }
    public string? Review { get; init; }
    public bool? PushBack { get; init; }
    public string? DeployTo { get; init; }
    public bool? EpicBranches { get; init; }

    /// <summary>One of <see cref="Conversations.PlanApprovals"/>; a person approves plans when null.</summary>
    public string? Approval { get; init; }
}

/// <summary>What is null stays as it is.</summary>
public sealed record UpdateProject
{
    public string? Name { get; init; }
    public int? LeaseSeconds { get; init; }
    public int? MaxFailures { get; init; }
    public string? Contract { get; init; }
    public string? Review { get; init; }
    public bool? PushBack { get; init; }
    public string? DeployTo { get; init; }

    /// <summary>Switched off, what stands in branches of epics is still merged when those epics are done.</summary>
    public bool? EpicBranches { get; init; }

    /// <summary>One of <see cref="Conversations.PlanApprovals"/>.</summary>
    public string? Approval { get; init; }
}

/// <summary>Other epics of the project that must reach a share of their hours before this one starts.</summary>
public sealed record Gate
{
    public required IReadOnlyList<int> Epics { get; init; }
    public required int Percent { get; init; }
}

public sealed record EpicInfo
{
    public required string Id { get; init; }
    public required string ProjectId { get; init; }
    public required int Number { get; init; }
    public required string Title { get; init; }
    public Gate? Gate { get; init; }
    public required bool GateOpen { get; init; }
    public required int Tasks { get; init; }
    public required int TasksDone { get; init; }
    public required double Hours { get; init; }
    public required double HoursDone { get; init; }

    /// <summary>Hours done of all hours, 0 to 100; by count where no task has hours.</summary>
    public required double Percent { get; init; }
}

public sealed record CreateEpic
{
    public required string Project { get; init; }
    public int? Number { get; init; }
    public required string Title { get; init; }
    public Gate? Gate { get; init; }
}

/// <summary>What is null stays; a gate with no epics takes the gate away.</summary>
public sealed record UpdateEpic
{
    public string? Title { get; init; }
    public Gate? Gate { get; init; }
}
