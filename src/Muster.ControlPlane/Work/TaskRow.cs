namespace Muster.ControlPlane.Work;

/// <summary>A row of <c>tasks</c>.</summary>
public sealed record TaskRow
{
    public string Id { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public int Number { get; init; }
    public string? EpicId { get; init; }
    public string? IssueNumber { get; init; }
    public string Title { get; init; } = "";
    public string? Description { get; init; }
    public string Labels { get; init; } = "[]";
    public int Priority { get; init; }
    public string? Role { get; init; }
    public string PreviousStatus { get; init; } = "new";
    public string Status { get; init; } = "";
    public int PercentComplete { get; init; }
    public long? EstimateMinutes { get; init; }
    public long SpentMinutes { get; init; }
    public string? Branch { get; init; }
    public string? HeadSha { get; init; }
    public int? PullNumber { get; init; }
    public string Contract { get; init; } = "";
    public bool NeedsApproval { get; init; }
    public string? ParentId { get; init; }
    public int OpenDependencies { get; init; }
    public bool Gated { get; init; }
    public long? NotBefore { get; init; }
    public string? NotBeforeCode { get; init; }
    public bool Ready { get; init; }
    public int Epoch { get; init; }
    public int Failures { get; init; }
    public int Losses { get; init; }
    public string? AssignmentId { get; init; }
    public string? AgentId { get; init; }
    public string? AvoidAgentId { get; init; }
    public bool Rehearsal { get; init; }
    public string? LastOutcome { get; init; }
    public string? LastReason { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public long? StartedAt { get; init; }
    public long? CompletedAt { get; init; }

    // Joined in by TaskQueries.
    public string ProjectKey { get; init; } = "";
    public bool ProjectPaused { get; init; }
    public int? EpicNumber { get; init; }
    public string? AgentName { get; init; }

    public string Key => $"{ProjectKey}-{Number}";
}
