using System.Text.Json;

namespace Muster.Contracts.Tools;

public sealed record ToolInfo
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string Description { get; init; }
    public JsonElement? InputSchema { get; init; }
    public string? Source { get; init; }

    /// <summary><c>draft</c>, <c>tested</c>, <c>approved</c> or <c>retired</c>.</summary>
    public required string Status { get; init; }
    public required int Version { get; init; }
    public string? CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record CreateTool
{
    public required string Name { get; init; }
    public required string Description { get; init; }
    public JsonElement? InputSchema { get; init; }
    public string? Source { get; init; }
}

public sealed record UpdateTool
{
    public string? Description { get; init; }
    public JsonElement? InputSchema { get; init; }
    public string? Source { get; init; }
    public string? Status { get; init; }
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
