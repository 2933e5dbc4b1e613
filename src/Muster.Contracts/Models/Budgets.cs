namespace Muster.Contracts.Models;

public static class BudgetScopes
{
    public const string Fleet = "fleet";
    public const string Project = "project";
    public const string Role = "role";
    public const string Agent = "agent";
    public const string Task = "task";

    public static IReadOnlyList<string> All { get; } = [Fleet, Project, Role, Agent, Task];
}

public static class BudgetPeriods
{
    public const string Ever = "ever";

    /// <summary>From midnight to midnight, UTC.</summary>
    public const string Day = "day";

    /// <summary>Calendar months, UTC.</summary>
    public const string Month = "month";

    public static IReadOnlyList<string> All { get; } = [Ever, Day, Month];
}

/// <summary>A limit on what models may be used for. A call that would go beyond any limit that concerns it is refused before it is made.</summary>
public sealed record BudgetInfo
{
    public required string Id { get; init; }

    /// <summary>One of <see cref="BudgetScopes"/>.</summary>
    public required string Scope { get; init; }

    /// <summary>Key of the project or task, name of the agent or role; <c>*</c> for each of them; null for the fleet.</summary>
    public string? Subject { get; init; }

    /// <summary>One of <see cref="BudgetPeriods"/>.</summary>
    public required string Period { get; init; }
    public double? LimitUsd { get; init; }
    public long? LimitTokens { get; init; }
    public long? LimitCalls { get; init; }

    /// <summary>What was used in the period that runs now; of one for each, the one that used most.</summary>
    public required BudgetUse Used { get; init; }

    /// <summary>When the period ends and the limits are whole again; null where it never does.</summary>
    public DateTimeOffset? Ends { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record BudgetUse
{
    /// <summary>Of a budget for each: whose use it is.</summary>
    public string? Subject { get; init; }
    public required double Usd { get; init; }
    public required long Tokens { get; init; }
    public required long Calls { get; init; }

    /// <summary>What calls under way may cost at the most.</summary>
    public required double HeldUsd { get; init; }

    /// <summary>Of the limit that is nearest, 0 to 100 and above.</summary>
    public required double Percent { get; init; }
}

public sealed record CreateBudget
{
    public required string Scope { get; init; }

    /// <summary>Key or id of the project or task, name or id of the agent, name of the role; <c>*</c> for each; null for the fleet.</summary>
    public string? Subject { get; init; }
    public string Period { get; init; } = BudgetPeriods.Ever;
    public double? LimitUsd { get; init; }
    public long? LimitTokens { get; init; }
    public long? LimitCalls { get; init; }
}

/// <summary>Other limits; what is null stays as it is.</summary>
public sealed record UpdateBudget
{
    public double? LimitUsd { get; init; }
    public long? LimitTokens { get; init; }
    public long? LimitCalls { get; init; }
}
