using System.Text.Json;

namespace Muster.Contracts.Tools;

public static class ToolStates
{
    /// <summary>Its tests wait, run, or did not pass. Nobody can call it.</summary>
    public const string Draft = "draft";

    /// <summary>Its tests passed on a host; a person's word is awaited.</summary>
    public const string Tested = "tested";

    /// <summary>Offered to every agent. At most one version of a tool is.</summary>
    public const string Approved = "approved";

    /// <summary>Taken back, or followed by a newer version.</summary>
    public const string Retired = "retired";

    public static IReadOnlyList<string> All { get; } = [Draft, Tested, Approved, Retired];
}

/// <summary>A tool of the fleet: its newest version, and which one agents have.</summary>
public sealed record ToolInfo
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string Description { get; init; }
    public JsonElement? InputSchema { get; init; }
    public string? Source { get; init; }

    /// <summary>Of the newest version: one of <see cref="ToolStates"/>.</summary>
    public required string Status { get; init; }

    /// <summary>The newest version; 1 is the first.</summary>
    public required int Version { get; init; }

    /// <summary>Of the newest version; see <see cref="ToolHash"/>. Null for one that was added before tools had tests: add it anew.</summary>
    public string? Hash { get; init; }

    /// <summary>Why the newest version stands where it stands, in a sentence.</summary>
    public string? Reason { get; init; }

    /// <summary>The version that agents have; null when they have none.</summary>
    public int? ApprovedVersion { get; init; }
    public string? CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What to change; together with the rest of the newest version it becomes a new draft.</summary>
public sealed record UpdateTool
{
    public ToolManifest? Manifest { get; init; }
    public string? Source { get; init; }
    public IReadOnlyList<ToolTest>? Tests { get; init; }
}

public sealed record ArtifactInfo
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public string? TaskId { get; init; }
    public string? AssignmentId { get; init; }
    public required string ContentType { get; init; }
    public required long Size { get; init; }

    /// <summary>Lower-case hexadecimal hash of the content, which is also its address.</summary>
    public required string Sha256 { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

public sealed record UpdateArtifact
{
    public required string Name { get; init; }
}
