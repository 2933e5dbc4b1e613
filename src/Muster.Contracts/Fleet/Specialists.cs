namespace Muster.Contracts.Fleet;

/// <summary>An agent with a role of its own, made by an agent for a time: bounded in number, depth, budget and life (B6).</summary>
public sealed record SpecialistInfo
{
    public required string Id { get; init; }

    /// <summary>Of the agent and of its role.</summary>
    public required string Name { get; init; }
    public required string Why { get; init; }

    /// <summary>The task whose attempt made it.</summary>
    public required string Task { get; init; }
    public required string SpawnedBy { get; init; }

    /// <summary>1 for one made by Seed, one more for each that a specialist made.</summary>
    public required int Depth { get; init; }

    /// <summary><c>active</c> or <c>retired</c>.</summary>
    public required string State { get; init; }
    public required double LimitUsd { get; init; }
    public required long LimitTokens { get; init; }
    public required DateTimeOffset EndsAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? RetiredAt { get; init; }

    /// <summary>Why it was retired.</summary>
    public string? Reason { get; init; }

    /// <summary>Keys of the tasks it was made with; only in the answer to that.</summary>
    public IReadOnlyList<string>? Tasks { get; init; }
}

/// <summary>What no specialist may go beyond.</summary>
public static class SpecialistLimits
{
    /// <summary>Specialists of specialists of Seed.</summary>
    public const int Depth = 2;
    public const int OfOneTask = 3;
    public const int OfTheFleet = 8;
    public const double Hours = 72;

    /// <summary>All that one task's specialists may cost together.</summary>
    public const double UsdOfOneTask = 20;
    public const long TokensOfOneTask = 20_000_000;
    public const int Tasks = 5;
}

/// <summary>Makes a specialist. The lease of the task it is for goes with it.</summary>
public sealed record SpawnSpecialist
{
    public required string Name { get; init; }

    /// <summary>What kind of work comes back that nobody's craft fits.</summary>
    public required string Why { get; init; }

    /// <summary>The text of its role.</summary>
    public required string Instructions { get; init; }

    /// <summary>Tools it may use, none that its maker may not; its maker's when null.</summary>
    public IReadOnlyList<string>? Tools { get; init; }
    public required double LimitUsd { get; init; }
    public required long LimitTokens { get; init; }

    /// <summary>Its life.</summary>
    public required double Hours { get; init; }

    /// <summary>What it is to do first, in the project of the task that it is made for.</summary>
    public IReadOnlyList<SpecialistTask>? Tasks { get; init; }
}

public sealed record SpecialistTask(string Title, string? Description);

public sealed record RetireSpecialist
{
    public string? Reason { get; init; }
}
