using Muster.Contracts.Delivery;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery;

/// <summary>A row of <c>evidence</c>.</summary>
public sealed record EvidenceRow
{
    public string Id { get; init; } = "";
    public string TaskId { get; init; } = "";
    public string? AssignmentId { get; init; }
    public string Kind { get; init; } = "";
    public string Reference { get; init; } = "";
    public string? Sha { get; init; }
    public string? Outcome { get; init; }
    public string? Detail { get; init; }
    public bool Verified { get; init; }
    public string? VerifiedBy { get; init; }
    public string? ArtifactId { get; init; }
    public bool Rehearsal { get; init; }
    public long CreatedAt { get; init; }

    public const string Select = "SELECT * FROM evidence";

    /// <summary>What counts for a task now: what was verified, and the claims of its newest attempt or of a person. Earlier claims went with their attempt.</summary>
    public const string Standing =
        """
        SELECT e.* FROM evidence e JOIN tasks t ON t.id = e.task_id LEFT JOIN assignments a ON a.id = e.assignment_id
         WHERE e.task_id = @taskId AND (e.verified = 1 OR a.id IS NULL OR a.epoch = t.epoch) ORDER BY e.id
        """;

    public EvidenceInfo ToInfo() => new()
    {
        Id = Id,
        TaskId = TaskId,
        AssignmentId = AssignmentId,
        Kind = Kind,
        Reference = Reference,
        Sha = Sha,
        Outcome = Outcome,
        Detail = Detail,
        Verified = Verified,
        VerifiedBy = VerifiedBy,
        ArtifactId = ArtifactId,
        Rehearsal = Rehearsal,
        CreatedAt = Times.At(CreatedAt),
    };
}
