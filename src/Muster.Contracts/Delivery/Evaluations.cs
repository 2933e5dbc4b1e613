namespace Muster.Contracts.Delivery;

/// <summary>A proposed role against the one there is: recorded tasks carried out anew under each, on the same terms (B6).</summary>
public sealed record EvaluationInfo
{
    public required string Id { get; init; }
    public required string PullId { get; init; }

    /// <summary>The proposal, as <c>FLEET!3</c>.</summary>
    public required string Pull { get; init; }

    /// <summary>The commit of it that is tried.</summary>
    public required string HeadSha { get; init; }
    public required string Role { get; init; }

    /// <summary><c>running</c>, <c>done</c> or <c>cancelled</c>.</summary>
    public required string State { get; init; }
    public required double LimitUsd { get; init; }
    public required long LimitTokens { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it was cancelled.</summary>
    public string? Reason { get; init; }
    public required EvaluationSum Before { get; init; }
    public required EvaluationSum After { get; init; }
    public required IReadOnlyList<EvaluatedTask> Tasks { get; init; }
}

public static class EvaluationState
{
    public const string Running = "running";
    public const string Done = "done";
    public const string Cancelled = "cancelled";
}

/// <summary>What no evaluation may go beyond.</summary>
public static class EvaluationLimits
{
    public const int Tasks = 10;
    public const double Usd = 50;
    public const long Tokens = 50_000_000;

    /// <summary>Evaluations at work at once.</summary>
    public const int AtOnce = 3;

    /// <summary>What one may cost when nobody says otherwise.</summary>
    public const double UsualUsd = 5;
    public const long UsualTokens = 5_000_000;
    public const int UsualTasks = 3;
}

/// <summary>One side of an evaluation.</summary>
public sealed record EvaluationSum
{
    public required int Passed { get; init; }
    public required int Checks { get; init; }
    public required int ChecksPassed { get; init; }

    /// <summary>Of models.</summary>
    public required int Calls { get; init; }
    public required long Tokens { get; init; }

    /// <summary>Calls of unknown price left out.</summary>
    public required double Usd { get; init; }

    /// <summary>Of the attempts.</summary>
    public required double Seconds { get; init; }
}

/// <summary>A recorded task with both its trials.</summary>
public sealed record EvaluatedTask
{
    /// <summary>Key of the task as it was done.</summary>
    public required string Task { get; init; }

    /// <summary>The commit that it began from, and both trials begin from.</summary>
    public required string BaseSha { get; init; }
    public required TrialInfo Before { get; init; }
    public required TrialInfo After { get; init; }
}

public sealed record TrialInfo
{
    /// <summary>Key of the task that it is carried out as.</summary>
    public required string Task { get; init; }

    /// <summary><c>passed</c>, <c>failed</c>, <c>budget</c>, <c>lost</c> (its agents died) or <c>cancelled</c>; null while it is not over.</summary>
    public string? Outcome { get; init; }
    public string? Detail { get; init; }
    public required int Checks { get; init; }
    public required int ChecksPassed { get; init; }
    public required int Calls { get; init; }
    public required long Tokens { get; init; }
    public required double Usd { get; init; }
    public required double Seconds { get; init; }
}

public static class TrialOutcomes
{
    public const string Passed = "passed";
    public const string Failed = "failed";

    /// <summary>Its share of the evaluation's budget was used up.</summary>
    public const string Budget = "budget";
    public const string Lost = "lost";
    public const string Cancelled = "cancelled";
}

public sealed record CreateEvaluation
{
    /// <summary>Keys of done tasks of the role; else the last ones are taken.</summary>
    public IReadOnlyList<string>? Tasks { get; init; }

    /// <summary>How many of the last done tasks of the role; 3 when nothing is said.</summary>
    public int? Last { get; init; }

    /// <summary>What all trials together may cost; each has an equal share.</summary>
    public double? LimitUsd { get; init; }
    public long? LimitTokens { get; init; }
}
