namespace Muster.Contracts.Progress;

/// <summary>How the plan of a project grew and was done, from its tasks themselves, and when the rest is done as it goes.</summary>
public sealed record BurnUp
{
    public required string Project { get; init; }

    /// <summary>Oldest first; the last is now.</summary>
    public required IReadOnlyList<BurnUpPoint> Points { get; init; }

    /// <summary>Null where nothing was done yet, or nothing is left.</summary>
    public Forecast? Forecast { get; init; }
}

/// <summary>What the plan held at a time, and what of it was done.</summary>
public sealed record BurnUpPoint
{
    public required DateTimeOffset At { get; init; }
    public required int Tasks { get; init; }
    public required int TasksDone { get; init; }
    public required double Hours { get; init; }
    public required double HoursDone { get; init; }
}

/// <summary>When the rest is done, if the crew goes on as it did since it began: in eight cases of ten between early and late.</summary>
public sealed record Forecast
{
    public required DateTimeOffset Early { get; init; }
    public required DateTimeOffset Likely { get; init; }
    public required DateTimeOffset Late { get; init; }
}
