namespace Muster.Contracts.Models;

/// <summary>One call of a model, and what it cost.</summary>
public sealed record ModelUsageInfo
{
    public required string Id { get; init; }
    public string? TaskId { get; init; }
    public string? AssignmentId { get; init; }
    public string? AgentId { get; init; }
    public string? ProjectId { get; init; }
    public string? Role { get; init; }

    /// <summary>Name under which it was asked for; null where it did not go through the gateway.</summary>
    public string? Route { get; init; }
    public required string Provider { get; init; }

    /// <summary>As the provider was asked.</summary>
    public required string Model { get; init; }

    /// <summary>As the provider says that it served; null where it did not say.</summary>
    public string? ModelServed { get; init; }
    public required long TokensIn { get; init; }
    public required long TokensOut { get; init; }
    public required long TokensCached { get; init; }

    /// <summary>Tokens written to the provider's cache.</summary>
    public long TokensStored { get; init; }

    /// <summary>False where the provider did not say and the counts are estimates.</summary>
    public bool Counted { get; init; } = true;

    /// <summary>US dollars; null where the price is not known.</summary>
    public double? CostUsd { get; init; }
    public int? LatencyMs { get; init; }
    public int? FirstTokenMs { get; init; }
    public required string Outcome { get; init; }
    public required DateTimeOffset At { get; init; }
}

public sealed record CreateModelUsage
{
    public string? Task { get; init; }
    public string? Agent { get; init; }
    public required string Provider { get; init; }
    public required string Model { get; init; }
    public long TokensIn { get; init; }
    public long TokensOut { get; init; }
    public long TokensCached { get; init; }
    public double? CostUsd { get; init; }
    public int? LatencyMs { get; init; }
    public string? Outcome { get; init; }
}

/// <summary>Corrects what was recorded, for a provider that settles its price later.</summary>
public sealed record UpdateModelUsage
{
    public double? CostUsd { get; init; }
    public string? Outcome { get; init; }
}
