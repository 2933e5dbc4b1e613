namespace Muster.Contracts;

/// <summary>How the plane is. <see cref="Status"/> is <c>healthy</c>, <c>degraded</c> (works, with parts missing) or <c>unhealthy</c>.</summary>
public sealed record HealthReport
{
    public required string Status { get; init; }
    public required string Version { get; init; }
    public required IReadOnlyList<HealthPart> Parts { get; init; }
}

/// <summary>One of the planes that serve the store.</summary>
public sealed record PlaneInfo
{
    public required string Id { get; init; }

    /// <summary>Machine and process.</summary>
    public required string Name { get; init; }

    /// <summary>Its release; null when it is too old to say.</summary>
    public string? Version { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it last said that it is there.</summary>
    public required DateTimeOffset SeenAt { get; init; }

    /// <summary>Whether it does what only one of them may do.</summary>
    public required bool Leads { get; init; }

    /// <summary>Whether it is the one that answers.</summary>
    public required bool Answers { get; init; }
}

public sealed record HealthPart
{
    public required string Name { get; init; }
    public required string Status { get; init; }

    /// <summary>Why, and what to do, when it is not healthy.</summary>
    public string? Detail { get; init; }
}
