using System.Globalization;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Models;
using Muster.ControlPlane.Models.Gateway;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Models.Budgets;

/// <summary>
/// Takes from every budget that concerns a call the most it may cost before it is made, and puts right what was taken when
/// it has ended. Both stand in the transaction that admits or records the call, so however many race, no limit is passed.
/// </summary>
internal static class Reservations
{
    private static readonly int[] Alerts = [50, 80, 100];

    /// <summary>Holds the amount in each budget, or refuses and holds nothing.</summary>
    public static IReadOnlyList<Hold> Take(StoreTransaction tx, ModelCaller caller, Amount amount, bool priced)
    {
        var concerned = tx.Query<BudgetRow>(BudgetRow.Concerning, new { caller.ProjectId, caller.Role, caller.AgentId, caller.TaskId });
        var holds = concerned.Where(b => b.SubjectOf(caller) is not null).Select(b => (Budget: b, Hold: new Hold(b.Id, b.SubjectOf(caller)!, b.StartOf(tx.Now)))).ToList();
        // Looked at first: a refusal then has written nothing. What others take meanwhile the guarded change notices.
        foreach (var (budget, hold) in holds)
        {
            if (!priced && budget is { LimitNanos: not null, LimitTokens: null }) throw Unpriced(tx, budget, hold);
            var use = tx.QueryFirst<UseRow>(UseRow.ByKey, hold) ?? new UseRow();
            if (!use.Fits(budget, amount)) throw UsedUp(tx, budget, hold, use, amount);
        }

        foreach (var (budget, hold) in holds)
        {
            tx.Execute("INSERT INTO budget_use (budget_id, subject, period_start) VALUES (@BudgetId, @Subject, @PeriodStart) ON CONFLICT DO NOTHING", hold);
            var taken = tx.Execute(
                """
                UPDATE budget_use SET held_nanos = held_nanos + @Nanos, held_tokens = held_tokens + @Tokens, held_calls = held_calls + @Calls
                 WHERE budget_id = @BudgetId AND subject = @Subject AND period_start = @PeriodStart
                   AND (@LimitNanos IS NULL OR spent_nanos + held_nanos + @Nanos <= @LimitNanos)
                   AND (@LimitTokens IS NULL OR spent_tokens + held_tokens + @Tokens <= @LimitTokens)
                   AND (@LimitCalls IS NULL OR spent_calls + held_calls + @Calls <= @LimitCalls)
                """, new { amount.Nanos, amount.Tokens, amount.Calls, hold.BudgetId, hold.Subject, hold.PeriodStart, budget.LimitNanos, budget.LimitTokens, budget.LimitCalls });
            if (taken == 0) throw UsedUp(tx, budget, hold, tx.QueryFirst<UseRow>(UseRow.ByKey, hold) ?? new UseRow(), amount);
        }

        return [.. holds.Select(h => h.Hold)];
    }

    /// <summary>Counts what was spent without having been asked for: nobody could refuse it, but it leaves less for others, and is told.</summary>
    public static void Count(StoreTransaction tx, ModelCaller caller, Amount spent)
    {
        var holds = tx.Query<BudgetRow>(BudgetRow.Concerning, new { caller.ProjectId, caller.Role, caller.AgentId, caller.TaskId })
            .Where(b => b.SubjectOf(caller) is not null).Select(b => new Hold(b.Id, b.SubjectOf(caller)!, b.StartOf(tx.Now))).ToList();
        foreach (var hold in holds) tx.Execute("INSERT INTO budget_use (budget_id, subject, period_start) VALUES (@BudgetId, @Subject, @PeriodStart) ON CONFLICT DO NOTHING", hold);
        Settle(tx, holds, new Amount(0, 0, 0), spent);
    }

    /// <summary>Gives back what was held and counts what was spent; tells of each limit that comes near.</summary>
    public static void Settle(StoreTransaction tx, IReadOnlyList<Hold> holds, Amount held, Amount spent)
    {
        foreach (var hold in holds)
        {
            // A budget that was deleted meanwhile has nothing to be put right.
            if (tx.Execute(
                    """
                    UPDATE budget_use SET held_nanos = held_nanos - @heldNanos, held_tokens = held_tokens - @heldTokens, held_calls = held_calls - @heldCalls,
                           spent_nanos = spent_nanos + @Nanos, spent_tokens = spent_tokens + @Tokens, spent_calls = spent_calls + @Calls
                     WHERE budget_id = @BudgetId AND subject = @Subject AND period_start = @PeriodStart
                    """,
                    new { heldNanos = held.Nanos, heldTokens = held.Tokens, heldCalls = held.Calls, spent.Nanos, spent.Tokens, spent.Calls, hold.BudgetId, hold.Subject, hold.PeriodStart }) == 0) continue;
            Alert(tx, hold);
        }
    }

    /// <summary>What people call the one whose budget it is.</summary>
    public static string SubjectName(StoreTransaction tx, string scope, string subject) =>
        NameSql(scope) is { } sql ? tx.QueryFirst<string>(sql, new { subject }) ?? subject : subject;

    /// <summary>Asks for the name by <c>@subject</c>; null where the subject is the name.</summary>
    public static string? NameSql(string scope) => scope switch
    {
        BudgetScopes.Project => "SELECT key FROM projects WHERE id = @subject",
        BudgetScopes.Agent => "SELECT name FROM agents WHERE id = @subject",
        BudgetScopes.Task => "SELECT p.key || '-' || t.number FROM tasks t JOIN projects p ON p.id = t.project_id WHERE t.id = @subject",
        _ => null,
    };

    private static void Alert(StoreTransaction tx, Hold hold)
    {
        var budget = tx.QueryFirst<BudgetRow>("SELECT * FROM budgets WHERE id = @BudgetId", hold)!;
        var use = tx.QueryFirst<UseRow>(UseRow.ByKey, hold)!;
        var percent = use.Percent(budget);
        var reached = Alerts.LastOrDefault(a => percent >= a);
        if (reached <= use.Alerted) return;
        tx.ExecuteOne("UPDATE budget_use SET alerted = @reached WHERE budget_id = @BudgetId AND subject = @Subject AND period_start = @PeriodStart", new { reached, hold.BudgetId, hold.Subject, hold.PeriodStart });
        tx.Emit(EventTypes.BudgetReached, $"{Named(tx, budget, hold)} is used to {reached}%", data: new { budget = budget.Id, budget.Scope, subject = hold.Subject, percent = reached });
    }

    private static Refusal UsedUp(StoreTransaction tx, BudgetRow budget, Hold hold, UseRow use, Amount amount)
    {
        var ends = budget.EndOf(hold.PeriodStart);
        var left = string.Join(", ", Left(budget, use));
        return new Refusal(402, ProblemCodes.Budget,
            $"{Named(tx, budget, hold)} does not hold this call any more ({left}{(use.HasHeld ? ", with what calls under way may cost" : "")}). "
            + $"Raise it with `muster budget set`{(ends is { } at ? $", or wait until {at:u}" : "")}.")
        {
            // What calls under way hold is given back in a moment; where that is not enough, only another limit or another period helps.
            RetryAfter = use.WithoutHeld.Fits(budget, amount) ? TimeSpan.FromSeconds(10) : ends is { } end ? end - Times.At(tx.Now) : TimeSpan.FromDays(1),
        };
    }

    /// <summary>What cannot be counted in money is not let past a limit of money.</summary>
    private static Refusal Unpriced(StoreTransaction tx, BudgetRow budget, Hold hold) => new(402, ProblemCodes.Budget,
        $"{Named(tx, budget, hold)} is one of money, and the price of this model is not known. Put its price into prices.yaml, or give the budget a limit of tokens with `muster budget set`.")
    {
        RetryAfter = TimeSpan.FromDays(1),
    };

    private static IEnumerable<string> Left(BudgetRow budget, UseRow use)
    {
        if (budget.LimitNanos is { } nanos) yield return string.Create(CultureInfo.InvariantCulture, $"${Nanos.Dollars(use.SpentNanos + use.HeldNanos):0.00} of ${Nanos.Dollars(nanos):0.00}");
        if (budget.LimitTokens is { } tokens) yield return string.Create(CultureInfo.InvariantCulture, $"{use.SpentTokens + use.HeldTokens:N0} of {tokens:N0} tokens");
        if (budget.LimitCalls is { } calls) yield return string.Create(CultureInfo.InvariantCulture, $"{use.SpentCalls + use.HeldCalls:N0} of {calls:N0} calls");
    }

    private static string Named(StoreTransaction tx, BudgetRow budget, Hold hold)
    {
        var whose = budget.Scope == BudgetScopes.Fleet ? "the fleet" : $"{budget.Scope} {SubjectName(tx, budget.Scope, hold.Subject)}";
        return $"The {(budget.Period == BudgetPeriods.Ever ? "budget" : budget.Period == BudgetPeriods.Day ? "day's budget" : "month's budget")} of {whose}";
    }
}
