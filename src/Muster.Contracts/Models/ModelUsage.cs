namespace Muster.Contracts.Models;

/// <summary>One call of a model, and what it cost.</summary>
public sealed record ModelUsageInfo
{
    public required string Id { get; init; }
    public string? TaskId { get; init; }
    public string? AgentId { get; init; }
    public required string Provider { get; init; }
    public required string Model { get; init; }
    public required long TokensIn { get; init; }
    public required long TokensOut { get; init; }
    public required long TokensCached { get; init; }

    /// <summary>US dollars; null where the price is not known.</summary>
    public double? CostUsd { get; init; }
    public int? LatencyMs { get; init; }
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
