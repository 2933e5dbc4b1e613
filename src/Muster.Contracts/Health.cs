namespace Muster.Contracts;

/// <summary>How the plane is. <see cref="Status"/> is <c>healthy</c>, <c>degraded</c> (works, with parts missing) or <c>unhealthy</c>.</summary>
public sealed record HealthReport
{
    public required string Status { get; init; }
    public required string Version { get; init; }
    public required IReadOnlyList<HealthPart> Parts { get; init; }
}

public sealed record HealthPart
{
    public required string Name { get; init; }
    public required string Status { get; init; }

    /// <summary>Why, and what to do, when it is not healthy.</summary>
    public string? Detail { get; init; }
}
