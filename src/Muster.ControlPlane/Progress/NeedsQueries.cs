using System.Data;
using Dapper;
using Muster.Contracts.Progress;
using Muster.ControlPlane.Models.Budgets;

namespace Muster.ControlPlane.Progress;

/// <summary>What waits for a person, each kind said once: what is counted beside every page's title is what Today shows.</summary>
internal static class NeedsQueries
{
    public const string Plans = "ended_at IS NULL AND state = 'waiting_approval'";

    /// <summary>Of <c>pulls u</c>. The open ones are found by their index.</summary>
    public const string Pulls =
        """
        u.state IN ('open', 'queued', 'changes_requested') AND u.state = 'open' AND u.needs_approval = 1 AND (u.approved_sha IS NULL OR u.approved_sha <> u.head_sha)
        """;

    /// <summary>Of <c>tasks t</c>.</summary>
    public const string Questions = "t.hold_code IS NOT NULL AND t.hold_code = 'approval' AND t.status = 'pending'";

    /// <summary>Of <c>tasks t</c>.</summary>
    public const string Broken = "t.status IN ('failed', 'quarantined')";

    public const string Goals = "state = 'failed'";

    public const string Tools = "hash IS NOT NULL AND status = 'tested'";

    /// <summary>Of <c>epic_merges m</c>.</summary>
    public const string Epics = "m.state = 'blocked'";

    /// <summary>Of <c>deployments d</c>: where the newest of an environment did not come up.</summary>
    public const string Deployments = "d.state IN ('failed', 'rolled_back') AND d.id IN (SELECT MAX(id) FROM deployments GROUP BY project_id, environment)";

    /// <summary>Of <c>agents a</c>: one that is kept alive and is silent, or one that does not stay alive.</summary>
    public const string Agents =
        """
        a.active = 1 AND a.desired = 'running' AND ((a.health = 'stale' AND a.definition IS NOT NULL) OR (a.health = 'offline' AND a.last_error IS NOT NULL))
        """;

    /// <summary>Of <c>budgets b</c>: four fifths of a limit are spent in the period that runs; what is over needs nothing more.</summary>
    public const string Budgets =
        """
        EXISTS (SELECT 1 FROM budget_use u WHERE u.budget_id = b.id AND u.period_start = CASE b.period WHEN 'day' THEN @day WHEN 'month' THEN @month ELSE 0 END
            AND (5 * u.spent_nanos >= 4 * b.limit_nanos OR 5 * u.spent_tokens >= 4 * b.limit_tokens OR 5 * u.spent_calls >= 4 * b.limit_calls)
            AND NOT (b.scope = 'task' AND EXISTS (SELECT 1 FROM tasks t WHERE t.id = u.subject AND t.status IN ('done', 'cancelled'))))
        """;

    // Every page of every viewer asks for it: what grows is counted by an index.
    private const string Counted =
        $"""
        SELECT (SELECT COUNT(*) FROM goals WHERE {Plans}) AS plans,
               (SELECT COUNT(*) FROM pulls u WHERE {Pulls}) AS pulls,
               (SELECT COUNT(*) FROM tasks t WHERE {Questions}) AS questions,
               (SELECT COUNT(*) FROM tasks t WHERE {Broken}) AS broken,
               (SELECT COUNT(*) FROM goals WHERE {Goals}) AS goals,
               (SELECT COUNT(*) FROM tools WHERE {Tools}) AS tools,
               (SELECT COUNT(*) FROM epic_merges m WHERE {Epics}) AS epics,
               (SELECT COUNT(*) FROM deployments d WHERE {Deployments}) AS deployments,
               (SELECT COUNT(*) FROM agents a WHERE {Agents}) AS agents,
               (SELECT COUNT(*) FROM budgets b WHERE {Budgets}) AS budgets
        """;

    public static Task<NeedsCount> CountAsync(IDbConnection c, long now) => c.QueryFirstAsync<NeedsCount>(Counted, Periods(now));

    /// <summary>When the periods of budgets began that run at a time.</summary>
    public static object Periods(long now) => new { day = new BudgetRow { Period = Contracts.Models.BudgetPeriods.Day }.StartOf(now), month = new BudgetRow { Period = Contracts.Models.BudgetPeriods.Month }.StartOf(now) };
}
