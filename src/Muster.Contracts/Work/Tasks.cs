namespace Muster.Contracts.Work;

/// <summary>The states of a task; <c>docs/concepts.md</c> draws how one follows the other.</summary>
public static class TaskState
{
    public const string Pending = "pending";
    public const string InProgress = "in_progress";
    public const string Review = "review";
    public const string Done = "done";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";

    /// <summary>Failed so often, on at least two agents, that the task itself is suspected.</summary>
    public const string Quarantined = "quarantined";

    public static IReadOnlyList<string> All { get; } = [Pending, InProgress, Review, Done, Failed, Cancelled, Quarantined];
}

/// <summary>Why a task does not move. A pending task waits for nothing or for these.</summary>
public static class WaitingCodes
{
    public const string Dependency = "dependency";
    public const string EpicGate = "epic_gate";
    public const string NotBefore = "not_before";
    public const string Approval = "approval";
    public const string Budget = "budget";
    public const string Capacity = "capacity";
    public const string NoMatchingAgent = "no_matching_agent";
    public const string ProviderDown = "provider_down";
    public const string Paused = "paused";
    public const string Backoff = "backoff";

    /// <summary>In review: a check is waiting or running.</summary>
    public const string Check = "check";

    /// <summary>In review: stands in the merge queue.</summary>
    public const string MergeQueue = "merge_queue";

    /// <summary>In review: evidence that the contract asks for is missing.</summary>
    public const string Evidence = "evidence";

    /// <summary>In review: a deployment is under way.</summary>
    public const string Deployment = "deployment";
}

public sealed record WaitingReason
{
    /// <summary>One of <see cref="WaitingCodes"/>.</summary>
    public required string Code { get; init; }

    /// <summary>What is waited for: a task's key, an epic's number, a role, a check's name.</summary>
    public string? On { get; init; }

    /// <summary>The reason as part of a sentence.</summary>
    public required string Detail { get; init; }
    public DateTimeOffset? Until { get; init; }
}

public sealed record TaskInfo
{
    public required string Id { get; init; }
    public required string Key { get; init; }
    public required string ProjectId { get; init; }
    public required string Project { get; init; }
    public string? EpicId { get; init; }
    public int? Epic { get; init; }

    /// <summary>Number in the plan it came from, such as <c>1.3</c>.</summary>
    public string? IssueNumber { get; init; }
    public required string Title { get; init; }
    public string? Description { get; init; }
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>1 is most urgent, 5 least.</summary>
    public required int Priority { get; init; }
    public string? Role { get; init; }
    public required string Status { get; init; }
    public required int PercentComplete { get; init; }
    public double? EstimateHours { get; init; }
    public required double SpentHours { get; init; }
    public string? Branch { get; init; }
    public string? HeadSha { get; init; }
    public int? PullRequest { get; init; }
    public required string Contract { get; init; }

    /// <summary>Whether a person must approve the pull request whatever the project's policy says.</summary>
    public required bool NeedsApproval { get; init; }
    public string? ParentId { get; init; }
    public required IReadOnlyList<string> DependsOn { get; init; }
    public required IReadOnlyList<WaitingReason> WaitingOn { get; init; }

    /// <summary>Claims so far; also the epoch of the newest assignment.</summary>
    public required int Attempts { get; init; }
    public required int Failures { get; init; }

    /// <summary>Name of the agent that holds it or held it last.</summary>
    public string? Agent { get; init; }

    /// <summary>Whether any attempt was a replay of a recording rather than thought.</summary>
    public required bool Rehearsal { get; init; }

    /// <summary>Why it was sent back, failed, cancelled or quarantined last.</summary>
    public string? LastReason { get; init; }
    public DateTimeOffset? NotBefore { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }
}

public sealed record CreateTask
{
    public required string Project { get; init; }
    public required string Title { get; init; }
    public string? Description { get; init; }
    public int? Epic { get; init; }
    public string? IssueNumber { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }
    public int? Priority { get; init; }
    public string? Role { get; init; }
    public double? EstimateHours { get; init; }

    /// <summary>What done needs; the project's default when null, nothing when empty.</summary>
    public string? Contract { get; init; }
    public bool? NeedsApproval { get; init; }
    public string? Parent { get; init; }

    /// <summary>Ids or keys of tasks that must be done first.</summary>
    public IReadOnlyList<string>? DependsOn { get; init; }
    public DateTimeOffset? NotBefore { get; init; }
}

/// <summary>What is null stays as it is.</summary>
public sealed record UpdateTask
{
    public string? Title { get; init; }
    public string? Description { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }
    public int? Priority { get; init; }

    /// <summary>Empty: any role may take it.</summary>
    public string? Role { get; init; }
    public double? EstimateHours { get; init; }
    public string? Contract { get; init; }
    public bool? NeedsApproval { get; init; }
    public DateTimeOffset? NotBefore { get; init; }
}

public sealed record TaskProgress
{
    public int? PercentComplete { get; init; }
    public double? SpentHours { get; init; }
    public string? Note { get; init; }
}

public sealed record TaskGit
{
    public string? Branch { get; init; }
    public string? HeadSha { get; init; }
    public int? PullRequest { get; init; }
}

public sealed record TaskUpdateInfo
{
    public required string Id { get; init; }
    public required string TaskId { get; init; }
    public string? AssignmentId { get; init; }

    /// <summary>Who wrote it: an agent's name, a person's, or <c>plane</c>.</summary>
    public required string Author { get; init; }

    /// <summary><c>comment</c>, <c>progress</c> or <c>state</c>.</summary>
    public required string Kind { get; init; }
    public required string Text { get; init; }
    public int? PercentComplete { get; init; }
    public required DateTimeOffset At { get; init; }
}

public sealed record AddTaskUpdate
{
    public required string Text { get; init; }
}

public sealed record AddDependency
{
    public required string On { get; init; }
}

public sealed record Reason
{
    public string? Text { get; init; }
}

/// <summary>Why a task stands where it stands, in codes and in a sentence.</summary>
public sealed record TaskWhy
{
    public required string Key { get; init; }
    public required string Status { get; init; }
    public required string Sentence { get; init; }
    public required IReadOnlyList<WaitingReason> WaitingOn { get; init; }
}
