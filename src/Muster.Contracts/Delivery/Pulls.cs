namespace Muster.Contracts.Delivery;

public static class PullState
{
    public const string Open = "open";

    /// <summary>Approved as far as it must be; stands in the merge queue.</summary>
    public const string Queued = "queued";
    public const string ChangesRequested = "changes_requested";
    public const string Merged = "merged";
    public const string Closed = "closed";
}

public static class Verdicts
{
    public const string Approve = "approve";
    public const string RequestChanges = "request_changes";
    public const string Comment = "comment";
}

public sealed record PullInfo
{
    public required string Id { get; init; }

    /// <summary>Counts per project from 1; written <c>KEY!3</c>.</summary>
    public required int Number { get; init; }
    public required string ProjectId { get; init; }
    public required string Project { get; init; }
    public required string TaskId { get; init; }
    public required string TaskKey { get; init; }
    public required string Title { get; init; }
    public string? Body { get; init; }
    public required string Branch { get; init; }
    public required string Base { get; init; }
    public required string HeadSha { get; init; }
    public required string State { get; init; }
    public required string Author { get; init; }
    public required bool NeedsApproval { get; init; }
    public required bool Approved { get; init; }

    /// <summary>Why a person is asked, when one is.</summary>
    public string? ApprovalReason { get; init; }
    public required IReadOnlyList<JobInfo> Checks { get; init; }
    public required IReadOnlyList<ReviewInfo> Reviews { get; init; }
    public string? MergeSha { get; init; }
    public required bool Rehearsal { get; init; }
    public int? Additions { get; init; }
    public int? Deletions { get; init; }
    public int? FilesChanged { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? MergedAt { get; init; }
}

public sealed record ReviewInfo
{
    public required string Id { get; init; }
    public required string Reviewer { get; init; }
    public required string Verdict { get; init; }

    /// <summary>The head it was given for; an approval of another head does not count.</summary>
    public required string HeadSha { get; init; }
    public string? Body { get; init; }
    public required IReadOnlyList<ReviewComment> Comments { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

public sealed record ReviewComment
{
    public string? Path { get; init; }
    public int? Line { get; init; }
    public required string Text { get; init; }
}

public sealed record CreateReview
{
    /// <summary>One of <see cref="Verdicts"/>.</summary>
    public required string Verdict { get; init; }

    /// <summary>The head that was looked at; refused with <c>head_moved</c> when it has moved since.</summary>
    public required string HeadSha { get; init; }
    public string? Body { get; init; }
    public IReadOnlyList<ReviewComment>? Comments { get; init; }
}

public sealed record DiffText
{
    public required string BaseSha { get; init; }
    public required string HeadSha { get; init; }
    public required string Diff { get; init; }
    public required bool Truncated { get; init; }
}

public sealed record QueueEntry
{
    public required string Id { get; init; }

    /// <summary>Place in the line, from 1; 0 for an epic that is blocked and stands in no line.</summary>
    public required int Position { get; init; }
    public required string Project { get; init; }
    public required string Target { get; init; }

    /// <summary>Number of the epic whose branch is merged; null for a task's pull request.</summary>
    public int? Epic { get; init; }

    /// <summary>Null for an epic.</summary>
    public string? TaskKey { get; init; }

    /// <summary>Null for an epic.</summary>
    public int? PullRequest { get; init; }
    public required string HeadSha { get; init; }

    /// <summary>
    /// <c>waiting</c>, <c>checking</c> (required checks run on the result) or <c>merging</c>; for an epic also <c>blocked</c>: a conflict or a
    /// red check, tried again when its branch or the target moves.
    /// </summary>
    public required string State { get; init; }

    /// <summary>The result that is being checked.</summary>
    public string? CandidateSha { get; init; }
    public string? Detail { get; init; }
    public required DateTimeOffset EnqueuedAt { get; init; }
}

public sealed record BranchInfo
{
    public required string Project { get; init; }
    public required string Name { get; init; }
    public required string Sha { get; init; }

    /// <summary><c>target</c>, <c>epic</c>, <c>agent</c>, <c>wip</c> or <c>other</c>.</summary>
    public required string Kind { get; init; }
    public string? TaskKey { get; init; }
    public string? Agent { get; init; }
    public int? Ahead { get; init; }
    public int? Behind { get; init; }
    public required bool Merged { get; init; }
    public DateTimeOffset? CommittedAt { get; init; }
}
