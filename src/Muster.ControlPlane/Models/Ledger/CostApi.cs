using Dapper;
using Muster.Contracts;
using Muster.Contracts.Models;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Models.Ledger;

/// <summary>What models cost, summed by what somebody asks for (A13, B7).</summary>
public static class CostApi
{
    private const int Most = 1000;

    // What is grouped by is chosen from here; nothing that comes from outside gets into the statement.
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["task"] = "COALESCE((SELECT p.key || '-' || t.number FROM tasks t JOIN projects p ON p.id = t.project_id WHERE t.id = u.task_id), u.task_id, '')",
        ["agent"] = "COALESCE((SELECT a.name FROM agents a WHERE a.id = u.agent_id), u.agent_id, u.role, '')",
        ["model"] = "u.provider || '/' || u.model",
        ["provider"] = "u.provider",
        ["role"] = "COALESCE(u.role, '')",
        ["project"] = "COALESCE((SELECT p.key FROM projects p WHERE p.id = COALESCE(u.project_id, (SELECT t.project_id FROM tasks t WHERE t.id = u.task_id))), '')",
        ["day"] = "CAST(u.at / 86400000 AS TEXT)",
    };

    public static void MapCost(this IEndpointRouteBuilder routes) => routes.MapGet(Routes.ModelCost, Cost).WithName("GetModelCost").Admit(Access.Read);

    private static async Task<CostReport> Cost(Store store, TimeProvider time, string? by, DateTimeOffset? since, DateTimeOffset? until, string? project, CancellationToken ct)
    {
        by ??= "day";
        if (!Names.TryGetValue(by, out var name)) throw Refusal.Invalid("by", $"by is one of {string.Join(", ", Names.Keys)}.");
        var from = since ?? time.GetUtcNow().AddDays(-30);
        var projectId = project is null ? null : (await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ProjectRow>(ProjectRow.Select + " WHERE id = @project OR key = @key", new { project, key = project.ToUpperInvariant() }), ct) ?? throw Refusal.NotFound("project", project)).Id;
        var rows = (await store.ReadAsync(c => c.QueryAsync<Sum>(
            $"""
            SELECT {name} AS name, COUNT(*) AS calls, COALESCE(SUM(u.tokens_in), 0) AS tokens_in, COALESCE(SUM(u.tokens_out), 0) AS tokens_out, COALESCE(SUM(u.tokens_cached), 0) AS tokens_cached,
                   COALESCE(SUM(u.cost_nanos), 0) AS nanos, SUM(CASE WHEN u.cost_nanos IS NULL THEN 1 ELSE 0 END) AS unpriced
              FROM model_usage u
             WHERE u.at >= @from AND u.at < @to AND (@projectId IS NULL OR u.project_id = @projectId)
             GROUP BY 1 ORDER BY 6 DESC, 4 DESC, 1 LIMIT @most
            """, new { from = from.ToUnixTimeMilliseconds(), to = until?.ToUnixTimeMilliseconds() ?? long.MaxValue, projectId, most = Most }), ct)).AsList();
        if (by == "day") rows = [.. rows.OrderByDescending(r => long.Parse(r.Name, System.Globalization.CultureInfo.InvariantCulture))];
        return new CostReport
        {
            By = by,
            Since = from,
            Rows = [.. rows.Select(r => r.ToRow(by))],
            Total = new Sum
            {
                Calls = rows.Sum(r => r.Calls),
                TokensIn = rows.Sum(r => r.TokensIn),
                TokensOut = rows.Sum(r => r.TokensOut),
                TokensCached = rows.Sum(r => r.TokensCached),
                Nanos = rows.Sum(r => r.Nanos),
                Unpriced = rows.Sum(r => r.Unpriced),
            }.ToRow("total"),
        };
    }

    private sealed record Sum
    {
        public string Name { get; init; } = "";
        public long Calls { get; init; }
        public long TokensIn { get; init; }
        public long TokensOut { get; init; }
        public long TokensCached { get; init; }
        public long Nanos { get; init; }
        public long Unpriced { get; init; }

        public CostRow ToRow(string by) => new()
        {
            Name = by == "day" ? DateTimeOffset.UnixEpoch.AddDays(long.Parse(Name, System.Globalization.CultureInfo.InvariantCulture)).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) : Name,
            Calls = Calls,
            TokensIn = TokensIn,
            TokensOut = TokensOut,
            TokensCached = TokensCached,
            Usd = Ledger.Nanos.Dollars(Nanos),
            Unpriced = Unpriced,
        };
    }
}
