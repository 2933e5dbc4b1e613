using Muster.Contracts.Models;
using Muster.ControlPlane.Models.Gateway;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Models.Budgets;

/// <summary>A row of <c>budgets</c>.</summary>
public sealed record BudgetRow
{
    /// <summary>Stands for each subject of a scope.</summary>
    public const string Each = "*";

    public const string Concerning =
        """
        SELECT * FROM budgets WHERE scope = 'fleet' OR (scope = 'project' AND (subject = @ProjectId OR subject = '*')) OR (scope = 'role' AND (subject = @Role OR subject = '*'))
            OR (scope = 'agent' AND (subject = @AgentId OR subject = '*')) OR (scope = 'task' AND (subject = @TaskId OR subject = '*')) ORDER BY id
        """;

    public string Id { get; init; } = "";
    public string Scope { get; init; } = "";
    public string Subject { get; init; } = "";
    public string Period { get; init; } = "";
    public long? LimitNanos { get; init; }
    public long? LimitTokens { get; init; }
    public long? LimitCalls { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }

    /// <summary>Whose use of this budget a call counts as; null where it concerns nobody.</summary>
    public string? SubjectOf(ModelCaller caller) => Scope switch
    {
        BudgetScopes.Project => caller.ProjectId,
        BudgetScopes.Role => caller.Role,
        BudgetScopes.Agent => caller.AgentId,
        BudgetScopes.Task => caller.TaskId,
        _ => "",
    };

    /// <summary>When the period that runs at a time began.</summary>
    public long StartOf(long now)
    {
        var at = Times.At(now);
        return Period switch
        {
            BudgetPeriods.Day => new DateTimeOffset(at.Year, at.Month, at.Day, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds(),
            BudgetPeriods.Month => new DateTimeOffset(at.Year, at.Month, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds(),
            _ => 0,
        };
    }

    /// <summary>When it ends; null where it never does.</summary>
    public DateTimeOffset? EndOf(long start) => Period switch
    {
        BudgetPeriods.Day => Times.At(start).AddDays(1),
        BudgetPeriods.Month => Times.At(start).AddMonths(1),
        _ => null,
    };
}

/// <summary>A row of <c>budget_use</c>.</summary>
public sealed record UseRow
{
    public string BudgetId { get; init; } = "";
    public string Subject { get; init; } = "";
    public long PeriodStart { get; init; }
    public long SpentNanos { get; init; }
    public long SpentTokens { get; init; }
    public long SpentCalls { get; init; }
    public long HeldNanos { get; init; }
    public long HeldTokens { get; init; }
    public long HeldCalls { get; init; }
    public int Alerted { get; init; }

    public const string ByKey = "SELECT * FROM budget_use WHERE budget_id = @BudgetId AND subject = @Subject AND period_start = @PeriodStart";

    public bool HasHeld => HeldNanos + HeldTokens + HeldCalls > 0;

    /// <summary>As if all calls under way had cost nothing.</summary>
    public UseRow WithoutHeld => this with { HeldNanos = 0, HeldTokens = 0, HeldCalls = 0 };

    /// <summary>Whether so much more fits under every limit.</summary>
    public bool Fits(BudgetRow budget, Amount more) =>
        (budget.LimitNanos is not { } nanos || SpentNanos + HeldNanos + more.Nanos <= nanos)
        && (budget.LimitTokens is not { } tokens || SpentTokens + HeldTokens + more.Tokens <= tokens)
        && (budget.LimitCalls is not { } calls || SpentCalls + HeldCalls + more.Calls <= calls);

    /// <summary>How much of the nearest limit is spent.</summary>
    public double Percent(BudgetRow budget) => Math.Max(Of(SpentNanos, budget.LimitNanos), Math.Max(Of(SpentTokens, budget.LimitTokens), Of(SpentCalls, budget.LimitCalls)));

    private static double Of(long spent, long? limit) => limit switch
    {
        null => 0,
        0 => 100,
        { } most => 100.0 * spent / most,
    };
}

/// <param name="Nanos">Nano-dollars.</param>
/// <param name="Tokens">Of both ways.</param>
/// <param name="Calls">Of models.</param>
public sealed record Amount(long Nanos, long Tokens, long Calls = 1);

/// <summary>Where something is held: one budget, one subject, one period.</summary>
public sealed record Hold(string BudgetId, string Subject, long PeriodStart);
