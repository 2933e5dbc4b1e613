using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;

namespace Muster.Contracts.Work;

public static class AssignmentState
{
    public const string Active = "active";
    public const string Completed = "completed";
    public const string Failed = "failed";

    /// <summary>Handed back by the agent without blame.</summary>
    public const string Released = "released";

    /// <summary>Not renewed within the lease.</summary>
    public const string Expired = "expired";

    /// <summary>The agent's process died, as its host saw.</summary>
    public const string Died = "died";

    /// <summary>Taken back by a person or because the task was cancelled.</summary>
    public const string Revoked = "revoked";
}

public sealed record AssignmentInfo
{
    public required string Id { get; init; }
    public required string TaskId { get; init; }
    public required string TaskKey { get; init; }
    public required string AgentId { get; init; }
    public required string Agent { get; init; }
    public required int Epoch { get; init; }
    public required string Status { get; init; }
    public required int PercentComplete { get; init; }
    public string? Note { get; init; }

    /// <summary>Why it ended, when it did not complete.</summary>
    public string? Reason { get; init; }
    public string? HeadSha { get; init; }
    public string? Summary { get; init; }

    /// <summary>Whether the agent replays a recording.</summary>
    public required bool Rehearsal { get; init; }
    public DateTimeOffset? LeaseUntil { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>Asks for up to <see cref="Max"/> ready tasks and waits up to <see cref="WaitSeconds"/> (at most 60) for the first.</summary>
public sealed record ClaimRequest
{
    /// <summary>Name or id of the agent that asks.</summary>
    public required string Agent { get; init; }

    /// <summary>Only tasks with at least one of these labels, or with none; null or empty takes all.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Only tasks of these projects; null or empty takes all.</summary>
    public IReadOnlyList<string>? Projects { get; init; }
    public int Max { get; init; } = 1;

    /// <summary>How long to wait for a first task; with <see cref="Complete"/> the answer comes at once.</summary>
    public int WaitSeconds { get; init; }

    /// <summary>
    /// Work to hand in on the same way, before the claim: one round trip instead of two. At most 100; each stands or falls by
    /// itself. With <see cref="Max"/> 0 nothing is claimed.
    /// </summary>
    public IReadOnlyList<Completion>? Complete { get; init; }
}

public sealed record ClaimAnswer
{
    public required IReadOnlyList<ClaimedTask> Tasks { get; init; }

    /// <summary>What became of each of <see cref="ClaimRequest.Complete"/>, in its order; null where nothing was handed in.</summary>
    public IReadOnlyList<CompletionOutcome>? Completed { get; init; }
}

/// <summary>An attempt handed in together with others.</summary>
public sealed record Completion
{
    public required string AssignmentId { get; init; }

    /// <summary>Its lease, which the header <c>Muster-Lease</c> carries elsewhere.</summary>
    public required string Lease { get; init; }
    public CompleteAssignment Result { get; init; } = new();
}

public sealed record CompletionOutcome
{
    public required string AssignmentId { get; init; }

    /// <summary>As it is now; null when the hand-in was refused.</summary>
    public AssignmentInfo? Assignment { get; init; }

    /// <summary>Why it was refused; null when it was taken.</summary>
    public Problem? Refused { get; init; }
}

public sealed record ClaimedTask
{
    public required AssignmentInfo Assignment { get; init; }
    public required TaskInfo Task { get; init; }

    /// <summary>Secret: proves the exclusive right to the task; goes into the <c>Muster-Lease</c> header and git's password.</summary>
    public required string Lease { get; init; }
    public required int LeaseSeconds { get; init; }

    /// <summary>Where to fetch from and push to; null for a project without a repository.</summary>
    public GitWork? Git { get; init; }

    /// <summary>The attempt before this one, when there was one.</summary>
    public PreviousAttempt? Previous { get; init; }

    /// <summary>What the agent is for in this task: the task's role, else the agent's; null where neither has one.</summary>
    public RoleBrief? Role { get; init; }
}

public sealed record GitWork
{
    /// <summary>Path of the git endpoint, relative to the plane's address.</summary>
    public required string Path { get; init; }
    public required string TargetBranch { get; init; }
    public required string TargetSha { get; init; }

    /// <summary>The one branch this assignment may push.</summary>
    public required string Branch { get; init; }

    /// <summary>The one ref this assignment may keep its half-done work at.</summary>
    public required string WipRef { get; init; }
}

public sealed record PreviousAttempt
{
    public required int Epoch { get; init; }
    public required string Agent { get; init; }

    /// <summary>How it ended: an <see cref="AssignmentState"/>, or <c>check_failed</c>, <c>conflict</c>, <c>changes_requested</c>.</summary>
    public required string Outcome { get; init; }
    public string? Reason { get; init; }

    /// <summary>Head that was handed in, when one was; fetchable.</summary>
    public string? HeadSha { get; init; }

    /// <summary>Newest half-done work, when some was saved; fetchable.</summary>
    public string? WipSha { get; init; }

    /// <summary>Whether the next attempt should go on from <see cref="HeadSha"/> rather than start afresh.</summary>
    public required bool Continue { get; init; }
    public IReadOnlyList<ReviewComment>? Comments { get; init; }
}

/// <summary>Gives one task to one agent, past the queue.</summary>
public sealed record CreateAssignment
{
    public required string Task { get; init; }
    public required string Agent { get; init; }
}

public sealed record AssignmentProgress
{
    public int? PercentComplete { get; init; }
    public string? Note { get; init; }
    public double? SpentHours { get; init; }

    /// <summary>The commit at which half-done work was last saved, when it was.</summary>
    public string? WipSha { get; init; }
}

public sealed record CompleteAssignment
{
    /// <summary>The commit that holds the work; needed when the contract asks for a commit.</summary>
    public string? HeadSha { get; init; }
    public string? Summary { get; init; }
    public double? SpentHours { get; init; }
    public IReadOnlyList<EvidenceClaim>? Evidence { get; init; }

    /// <summary>What should be done at once next time, for the notes of the role; one sentence or two, cut where longer. Null when nothing is new.</summary>
    public string? Lesson { get; init; }
}

public sealed record FailAssignment
{
    public required string Reason { get; init; }

    /// <summary>False when trying again cannot help; the task then fails at once.</summary>
    public bool Retry { get; init; } = true;

    /// <summary>As in <see cref="CompleteAssignment.Lesson"/>.</summary>
    public string? Lesson { get; init; }
}

public sealed record ReleaseAssignment
{
    public string? Reason { get; init; }
    public string? WipSha { get; init; }

    /// <summary>What it should wait for before it is given out again: <c>budget</c>, <c>provider_down</c>, or <c>approval</c>, which a person's comment ends; null for nothing.</summary>
    public string? WaitFor { get; init; }

    /// <summary>After so many seconds it is given out again all the same: 5 to 900, for a budget up to 86400; the most when left out.</summary>
    public double? WaitSeconds { get; init; }
}

/// <summary>A piece of an attempt's log. <see cref="Offset"/> makes sending it again harmless.</summary>
public sealed record AppendLog
{
    public required long Offset { get; init; }
    public required string Text { get; init; }
}

public sealed record LogText
{
    public required string Text { get; init; }

    /// <summary>Where the next piece starts, in bytes of UTF-8.</summary>
    public required long Next { get; init; }

    /// <summary>Whether the limit was reached and the rest left out.</summary>
    public required bool Truncated { get; init; }
}
