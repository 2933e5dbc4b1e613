namespace Muster.Contracts.Delivery;

public static class EvidenceKinds
{
    public const string Commit = "commit";
    public const string Pr = "pr";
    public const string Test = "test";
    public const string Build = "build";
    public const string Deployment = "deployment";
    public const string Research = "research";
    public const string Citation = "citation";

    public static IReadOnlyList<string> All { get; } = [Commit, Pr, Test, Build, Deployment, Research, Citation];
}

/// <summary>Proof as an agent claims it. The plane reads it again before it counts.</summary>
public sealed record EvidenceClaim
{
    /// <summary>One of <see cref="EvidenceKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>A commit, a URL, a file's path: what the proof points at.</summary>
    public required string Reference { get; init; }
    public string? Detail { get; init; }
}

public sealed record CreateEvidence
{
    public required string Task { get; init; }
    public required string Kind { get; init; }
    public required string Reference { get; init; }
    public string? Detail { get; init; }
}

public sealed record EvidenceInfo
{
    public required string Id { get; init; }
    public required string TaskId { get; init; }
    public string? AssignmentId { get; init; }
    public required string Kind { get; init; }
    public required string Reference { get; init; }

    /// <summary>The commit it is proof for, when it is about one.</summary>
    public string? Sha { get; init; }

    /// <summary><c>pass</c>, <c>fail</c>, <c>opened</c>, <c>approved</c>, <c>merged</c>, <c>healthy</c>: what it shows.</summary>
    public string? Outcome { get; init; }
    public string? Detail { get; init; }

    /// <summary>Whether the plane has seen it for itself.</summary>
    public required bool Verified { get; init; }

    /// <summary>By what: <c>git</c>, <c>check:NAME</c>, <c>merge-queue</c>, <c>health-check</c>; null while it is only a claim.</summary>
    public string? VerifiedBy { get; init; }
    public string? ArtifactId { get; init; }
    public required bool Rehearsal { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}
