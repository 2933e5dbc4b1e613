namespace Muster.Contracts.Models;

/// <summary>Which models there are, under which names, and how they are.</summary>
public sealed record ModelsInfo
{
    /// <summary>True when a person has switched all models off.</summary>
    public required bool Off { get; init; }
    public string? OffReason { get; init; }
    public required IReadOnlyList<ModelRouteInfo> Routes { get; init; }
    public required IReadOnlyList<ModelProviderInfo> Providers { get; init; }

    /// <summary>Date of the price table; what is not in it costs an unknown amount and is limited by tokens.</summary>
    public required string PricesOf { get; init; }
}

public sealed record ModelRouteInfo
{
    public required string Name { get; init; }

    /// <summary>Whether a call would find a leg now.</summary>
    public required bool Up { get; init; }
    public required IReadOnlyList<ModelLegInfo> Legs { get; init; }
}

public sealed record ModelLegInfo
{
    public required string Provider { get; init; }
    public required string Model { get; init; }

    /// <summary><c>up</c>, <c>down</c> (tried again at <see cref="Until"/>), <c>probing</c>, or <c>absent</c>: no key, or no such provider.</summary>
    public required string State { get; init; }
    public string? Reason { get; init; }
    public DateTimeOffset? Until { get; init; }

    /// <summary>US dollars for a million tokens in and out; null where the price is not known.</summary>
    public double? UsdIn { get; init; }
    public double? UsdOut { get; init; }
}

public sealed record ModelProviderInfo
{
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required bool Usable { get; init; }

    /// <summary>What is missing, and how to give it.</summary>
    public string? Why { get; init; }
}

/// <summary>Switches all models off or on again; calls under way are ended.</summary>
public sealed record SwitchModels
{
    public required bool Off { get; init; }
    public string? Reason { get; init; }
}

/// <summary>What models cost, summed.</summary>
public sealed record CostReport
{
    /// <summary><c>task</c>, <c>agent</c>, <c>model</c>, <c>day</c>, <c>project</c>, <c>role</c> or <c>provider</c>.</summary>
    public required string By { get; init; }
    public required DateTimeOffset Since { get; init; }
    public required IReadOnlyList<CostRow> Rows { get; init; }
    public required CostRow Total { get; init; }
}

public sealed record CostRow
{
    public required string Name { get; init; }
    public required long Calls { get; init; }
    public required long TokensIn { get; init; }
    public required long TokensOut { get; init; }
    public required long TokensCached { get; init; }

    /// <summary>Of the calls whose price is known.</summary>
    public required double Usd { get; init; }

    /// <summary>Calls whose price is not known; they are not in <see cref="Usd"/>.</summary>
    public required long Unpriced { get; init; }
}
