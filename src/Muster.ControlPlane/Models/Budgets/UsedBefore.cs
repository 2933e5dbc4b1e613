using Muster.Contracts.Models;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Models.Budgets;

/// <summary>What was used in the running period before its budget was set. It counts: a day's budget that is set at noon must not say that the morning cost nothing.</summary>
internal static class UsedBefore
{
    public static void Count(StoreTransaction tx, BudgetRow budget)
    {
        var subject = budget.Scope switch
        {
            BudgetScopes.Project => "project_id",
            BudgetScopes.Role => "role",
            BudgetScopes.Agent => "agent_id",
            BudgetScopes.Task => "task_id",
            _ => "CAST('' AS TEXT)",
        };
        tx.Execute(
            $"""
            INSERT INTO budget_use (budget_id, subject, period_start, spent_nanos, spent_tokens, spent_calls)
            SELECT @Id, used.subject, @start, COALESCE(SUM(used.cost_nanos), 0), SUM(used.tokens), COUNT(*)
              FROM (SELECT {subject} AS subject, cost_nanos, tokens_in + tokens_out + tokens_cached + tokens_stored AS tokens FROM model_usage WHERE at >= @start) used
             WHERE used.subject = @Subject OR (@Subject = '*' AND used.subject IS NOT NULL)
             GROUP BY used.subject
            """, new { budget.Id, budget.Subject, start = budget.StartOf(tx.Now) });
    }
}
