using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Models;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Models.Budgets;

public static class BudgetsApi
{
    private const double MostUsd = 1_000_000;

    /// <summary>Sums of it, and a few times as much, hold in a column.</summary>
    private const long MostCounted = 1_000_000_000_000_000;

    public static void MapBudgets(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Budgets, List).WithName("ListBudgets").Admit(Access.Read);
        routes.MapPost(Routes.Budgets, Create).WithName("CreateBudget").Admit(Access.Steer);
        routes.MapGet(Routes.Budget, Get).WithName("GetBudget").Admit(Access.Read);
        routes.MapPatch(Routes.Budget, Update).WithName("UpdateBudget").Admit(Access.Steer);
        routes.MapDelete(Routes.Budget, Delete).WithName("DeleteBudget").Admit(Access.Steer);
    }

    private static async Task<Page<BudgetInfo>> List(Store store, TimeProvider time, string? scope, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var rows = (await store.ReadAsync(c => c.QueryAsync<BudgetRow>(
            "SELECT * FROM budgets WHERE (@scope IS NULL OR scope = @scope) AND id > @after ORDER BY id LIMIT @limit", new { scope, after = Paging.Decode(cursor) ?? "", limit = take + 1 }), ct)).AsList();
        // Few, and each of its own period: told one by one.
        var infos = new List<BudgetInfo>(rows.Count);
        foreach (var row in rows) infos.Add(await InfoAsync(store, time, row, ct));
        return Paging.Page(infos, take, b => b.Id, b => b);
    }

    /// <summary>The first hundred, which is more than people set.</summary>
    internal static async Task<IReadOnlyList<BudgetInfo>> AllAsync(Store store, TimeProvider time, CancellationToken ct) => (await List(store, time, null, null, 100, ct)).Items;

    private static async Task<BudgetInfo> Get(string id, Store store, TimeProvider time, CancellationToken ct) =>
        await InfoAsync(store, time, await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<BudgetRow>("SELECT * FROM budgets WHERE id = @id", new { id }), ct) ?? throw Refusal.NotFound("budget", id), ct);

    private static async Task<Created<BudgetInfo>> Create(CreateBudget body, HttpContext http, Store store, TimeProvider time, Writes writes, CancellationToken ct)
    {
        new Checked()
            .Require(BudgetScopes.All.Contains(body.Scope), "scope", $"scope is one of {string.Join(", ", BudgetScopes.All)}.")
            .Require(BudgetPeriods.All.Contains(body.Period), "period", $"period is one of {string.Join(", ", BudgetPeriods.All)}.")
            .Require((body.Scope == BudgetScopes.Fleet) == string.IsNullOrEmpty(body.Subject), "subject", "A budget of the fleet has no subject; any other names one, or * for each.")
            .Line(body.Subject, "subject", 200, required: false)
            .Require(body.LimitUsd is not null || body.LimitTokens is not null || body.LimitCalls is not null, "limitUsd", "Give at least one of limitUsd, limitTokens and limitCalls.")
            .Limits(body.LimitUsd, body.LimitTokens, body.LimitCalls).ThrowIfWrong();
        var id = await writes.RunAsync(body, tx =>
        {
            var row = new BudgetRow
            {
                Id = Ids.New(),
                Scope = body.Scope,
                Subject = SubjectId(tx, body.Scope, body.Subject),
                Period = body.Period,
                LimitNanos = Nanos.Of(body.LimitUsd),
                LimitTokens = body.LimitTokens,
                LimitCalls = body.LimitCalls,
                CreatedAt = tx.Now,
                UpdatedAt = tx.Now,
            };
            if (tx.QueryFirst<BudgetRow>("SELECT * FROM budgets WHERE scope = @Scope AND subject = @Subject AND period = @Period", row) is { } there)
                throw new Refusal(409, ProblemCodes.Duplicate, $"There is such a budget already; change it: PATCH {Routes.With(Routes.Budget, there.Id)}.");
            tx.ExecuteOne("INSERT INTO budgets (id, scope, subject, period, limit_nanos, limit_tokens, limit_calls, created_at, updated_at) VALUES (@Id, @Scope, @Subject, @Period, @LimitNanos, @LimitTokens, @LimitCalls, @CreatedAt, @UpdatedAt)", row);
            UsedBefore.Count(tx, row);
            Changed(tx, row, "was set", http);
            return row.Id;
        }, ct);
        return TypedResults.Created(Routes.With(Routes.Budget, id), await Get(id, store, time, ct));
    }

    private static async Task<BudgetInfo> Update(string id, UpdateBudget body, HttpContext http, Store store, TimeProvider time, Writes writes, CancellationToken ct)
    {
        new Checked().Limits(body.LimitUsd, body.LimitTokens, body.LimitCalls).ThrowIfWrong();
        await writes.RunAsync(body, tx =>
        {
            var before = tx.QueryFirst<BudgetRow>("SELECT * FROM budgets WHERE id = @id", new { id }) ?? throw Refusal.NotFound("budget", id);
            var row = before with
            {
                LimitNanos = Nanos.Of(body.LimitUsd) ?? before.LimitNanos,
                LimitTokens = body.LimitTokens ?? before.LimitTokens,
                LimitCalls = body.LimitCalls ?? before.LimitCalls,
                UpdatedAt = tx.Now,
            };
            tx.ExecuteOne("UPDATE budgets SET limit_nanos = @LimitNanos, limit_tokens = @LimitTokens, limit_calls = @LimitCalls, updated_at = @UpdatedAt WHERE id = @Id", row);
            // Against other limits, what was told of the old ones does not hold.
            tx.Execute("UPDATE budget_use SET alerted = 0 WHERE budget_id = @id AND alerted > 0", new { id });
            Changed(tx, row, "was changed", http);
            return id;
        }, ct);
        return await Get(id, store, time, ct);
    }

    private static async Task<NoContent> Delete(string id, HttpContext http, Writes writes, CancellationToken ct)
    {
        await writes.RunAsync(null, tx =>
        {
            var row = tx.QueryFirst<BudgetRow>("SELECT * FROM budgets WHERE id = @id", new { id }) ?? throw Refusal.NotFound("budget", id);
            tx.ExecuteOne("DELETE FROM budgets WHERE id = @id", new { id });
            Changed(tx, row, "was taken away", http);
            return id;
        }, ct);
        return TypedResults.NoContent();
    }

    /// <summary>Whoever waits for a budget may look again.</summary>
    private static void Changed(StoreTransaction tx, BudgetRow row, string what, HttpContext http)
    {
        var whose = row.Scope == BudgetScopes.Fleet ? "the fleet" : $"{row.Scope} {Reservations.SubjectName(tx, row.Scope, row.Subject)}";
        tx.Emit(EventTypes.BudgetChanged, $"The budget of {whose} {what} by {http.Principal().Name}", data: new { id = row.Id, row.Scope, row.Period, usd = row.LimitNanos is { } n ? Nanos.Dollars(n) : (double?)null, row.LimitTokens, row.LimitCalls });
        Holds.Lift(tx, ProblemCodes.Budget);
    }

    private static string SubjectId(StoreTransaction tx, string scope, string? subject) => (scope, subject) switch
    {
        (BudgetScopes.Fleet, _) => "",
        (_, BudgetRow.Each) => BudgetRow.Each,
        (BudgetScopes.Project, { } key) => ProjectRow.Get(tx, key).Id,
        (BudgetScopes.Agent, { } name) => AgentRow.Get(tx, name).Id,
        (BudgetScopes.Task, { } key) => TaskQueries.Get(tx, key).Id,
        _ => subject!,
    };

    private static async Task<BudgetInfo> InfoAsync(Store store, TimeProvider time, BudgetRow row, CancellationToken ct)
    {
        var start = row.StartOf(time.GetUtcNow().ToUnixTimeMilliseconds());
        var uses = (await store.ReadAsync(c => c.QueryAsync<UseRow>("SELECT * FROM budget_use WHERE budget_id = @Id AND period_start = @start", new { row.Id, start }), ct)).AsList();
        var use = uses.Count == 0 ? new UseRow() : uses.MaxBy(u => u.Percent(row))!;
        return new BudgetInfo
        {
            Id = row.Id,
            Scope = row.Scope,
            Subject = row.Scope == BudgetScopes.Fleet ? null : await NameAsync(store, row.Scope, row.Subject, ct),
            Period = row.Period,
            LimitUsd = row.LimitNanos is { } nanos ? Nanos.Dollars(nanos) : null,
            LimitTokens = row.LimitTokens,
            LimitCalls = row.LimitCalls,
            Used = new BudgetUse
            {
                Subject = row.Subject == BudgetRow.Each && use.Subject.Length > 0 ? await NameAsync(store, row.Scope, use.Subject, ct) : null,
                Usd = Nanos.Dollars(use.SpentNanos),
                Tokens = use.SpentTokens,
                Calls = use.SpentCalls,
                HeldUsd = Nanos.Dollars(use.HeldNanos),
                Percent = Math.Round(use.Percent(row), 1),
            },
            Ends = row.EndOf(start),
            CreatedAt = Times.At(row.CreatedAt),
            UpdatedAt = Times.At(row.UpdatedAt),
        };
    }

    private static async Task<string> NameAsync(Store store, string scope, string subject, CancellationToken ct)
    {
        var sql = Reservations.NameSql(scope);
        return sql is null ? subject : await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>(sql, new { subject }), ct) ?? subject;
    }

    private static Checked Limits(this Checked check, double? usd, long? tokens, long? calls) => check
        .Require(usd is null or (>= 0 and <= MostUsd), "limitUsd", $"limitUsd is 0 to {MostUsd:0}.")
        .Require(tokens is null or (>= 0 and <= MostCounted), "limitTokens", $"limitTokens is 0 to {MostCounted}.")
        .Require(calls is null or (>= 0 and <= MostCounted), "limitCalls", $"limitCalls is 0 to {MostCounted}.");
}
