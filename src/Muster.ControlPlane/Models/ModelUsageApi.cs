using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Models;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Models.Budgets;
using Muster.ControlPlane.Models.Gateway;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Models;

public static class ModelUsageApi
{
    /// <summary>Of one call. Far more than any has, and so little that no sum of them overflows.</summary>
    private const long MostTokens = 1_000_000_000_000;

    public static void MapModelUsage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.ModelUsage, List).WithName("ListModelUsage").Admit(Access.Read);
        routes.MapPost(Routes.ModelUsage, Create).WithName("CreateModelUsage").Admit(Access.Work);
        routes.MapGet(Routes.ModelUsageEntry, Get).WithName("GetModelUsage").Admit(Access.Read);
        routes.MapPatch(Routes.ModelUsageEntry, Update).WithName("UpdateModelUsage").Admit(Access.Steer);
        routes.MapDelete(Routes.ModelUsageEntry, Delete).WithName("DeleteModelUsage").Admit(Access.Own);
    }

    private static async Task<Page<ModelUsageInfo>> List(Store store, string? task, string? agent, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var after = Paging.Decode(cursor);
        var taskId = task is null ? null : (await TaskQueries.GetAsync(store, task, ct)).Id;
        var rows = (await store.ReadAsync(c => c.QueryAsync<ModelUsageRow>(
            "SELECT u.* FROM model_usage u LEFT JOIN agents a ON a.id = u.agent_id"
            + Asked.Where((taskId, "u.task_id = @taskId"), (agent, "(a.id = @agent OR a.name = @agent)"), (after, "u.id > @after")) + " ORDER BY u.id LIMIT @limit",
            new { taskId, agent, after, limit = take + 1 }), ct)).AsList();
        return Paging.Page(rows, take, r => r.Id, r => r.ToInfo());
    }

    private static async Task<ModelUsageInfo> Get(string id, Store store, CancellationToken ct) =>
        (await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ModelUsageRow>("SELECT * FROM model_usage WHERE id = @id", new { id }), ct) ?? throw Refusal.NotFound("model usage", id)).ToInfo();

    private static bool IsCount(long tokens) => tokens is >= 0 and <= MostTokens;

    private static async Task<Created<ModelUsageInfo>> Create(CreateModelUsage body, HttpContext http, Store store, Writes writes, CancellationToken ct)
    {
        new Checked().Line(body.Provider, "provider", 100).Line(body.Model, "model", 200).Line(body.Outcome, "outcome", 100, required: false)
            .Require(IsCount(body.TokensIn) && IsCount(body.TokensOut) && IsCount(body.TokensCached), "tokensIn", $"Token counts are 0 to {MostTokens}.")
            .Require(Nanos.IsPossible(body.CostUsd), "costUsd", $"costUsd is 0 to {Nanos.MostDollars}.")
            .Require(body.LatencyMs is null or >= 0, "latencyMs", "latencyMs is 0 or more.").ThrowIfWrong();
        var info = await writes.RunAsync(body, tx =>
        {
            // Whoever works under a lease reports what a program with an account of its own has used: it counts as that task's.
            var caller = Leases.Header(http) is { } lease ? ModelCaller.OfLease(tx, store, lease) : null;
            var row = new ModelUsageRow
            {
                Id = Ids.New(),
                TaskId = body.Task is null ? caller?.TaskId : TaskQueries.Get(tx, body.Task).Id,
                AssignmentId = caller?.AssignmentId,
                AgentId = body.Agent is null ? caller?.AgentId : AgentRow.Get(tx, body.Agent).Id,
                ProjectId = caller?.ProjectId,
                Role = caller?.Role,
                Provider = body.Provider,
                Model = body.Model,
                TokensIn = body.TokensIn,
                TokensOut = body.TokensOut,
                TokensCached = body.TokensCached,
                CostUsd = body.CostUsd,
                LatencyMs = body.LatencyMs,
                Outcome = body.Outcome ?? "ok",
                At = tx.Now,
            };
            tx.ExecuteOne(
                """
                INSERT INTO model_usage (id, task_id, assignment_id, agent_id, project_id, role, provider, model, tokens_in, tokens_out, tokens_cached, cost_usd, cost_nanos, latency_ms, outcome, at)
                VALUES (@Id, @TaskId, @AssignmentId, @AgentId, @ProjectId, @Role, @Provider, @Model, @TokensIn, @TokensOut, @TokensCached, @CostUsd, @nanos, @LatencyMs, @Outcome, @At)
                """,
                new
                {
                    row.Id,
                    row.TaskId,
                    row.AssignmentId,
                    row.AgentId,
                    row.ProjectId,
                    row.Role,
                    row.Provider,
                    row.Model,
                    row.TokensIn,
                    row.TokensOut,
                    row.TokensCached,
                    row.CostUsd,
                    nanos = Nanos.Of(row.CostUsd),
                    row.LatencyMs,
                    row.Outcome,
                    row.At,
                });
            if (caller is not null) Reservations.Count(tx, caller, new Amount(Nanos.Of(row.CostUsd) ?? 0, row.TokensIn + row.TokensOut + row.TokensCached));
            return row.ToInfo();
        }, ct);
        return TypedResults.Created(Routes.With(Routes.ModelUsageEntry, info.Id), info);
    }

    private static Task<ModelUsageInfo> Update(string id, UpdateModelUsage body, Writes writes, CancellationToken ct)
    {
        new Checked().Line(body.Outcome, "outcome", 100, required: false).Require(Nanos.IsPossible(body.CostUsd), "costUsd", $"costUsd is 0 to {Nanos.MostDollars}.").ThrowIfWrong();
        return writes.RunAsync(body, tx =>
        {
            if (tx.Execute("UPDATE model_usage SET cost_usd = COALESCE(@CostUsd, cost_usd), cost_nanos = COALESCE(@nanos, cost_nanos), outcome = COALESCE(@Outcome, outcome) WHERE id = @id",
                    new { body.CostUsd, nanos = Nanos.Of(body.CostUsd), body.Outcome, id }) == 0)
                throw Refusal.NotFound("model usage", id);
            return tx.QueryFirst<ModelUsageRow>("SELECT * FROM model_usage WHERE id = @id", new { id })!.ToInfo();
        }, ct);
    }

    private static async Task<NoContent> Delete(string id, Writes writes, CancellationToken ct)
    {
        await writes.RunAsync(null, tx => tx.Execute("DELETE FROM model_usage WHERE id = @id", new { id }) == 1 ? id : throw Refusal.NotFound("model usage", id), ct);
        return TypedResults.NoContent();
    }

    private sealed record ModelUsageRow
    {
        public string Id { get; init; } = "";
        public string? TaskId { get; init; }
        public string? AssignmentId { get; init; }
        public string? AgentId { get; init; }
        public string? ProjectId { get; init; }
        public string? Role { get; init; }
        public string? Route { get; init; }
        public string Provider { get; init; } = "";
        public string Model { get; init; } = "";
        public string? ModelServed { get; init; }
        public long TokensIn { get; init; }
        public long TokensOut { get; init; }
        public long TokensCached { get; init; }
        public long TokensStored { get; init; }
        public bool Counted { get; init; } = true;
        public double? CostUsd { get; init; }
        public int? LatencyMs { get; init; }
        public int? FirstTokenMs { get; init; }
        public string Outcome { get; init; } = "";
        public long At { get; init; }

        public ModelUsageInfo ToInfo() => new()
        {
            Id = Id,
            TaskId = TaskId,
            AssignmentId = AssignmentId,
            AgentId = AgentId,
            ProjectId = ProjectId,
            Role = Role,
            Route = Route,
            Provider = Provider,
            Model = Model,
            ModelServed = ModelServed,
            TokensIn = TokensIn,
            TokensOut = TokensOut,
            TokensCached = TokensCached,
            TokensStored = TokensStored,
            Counted = Counted,
            CostUsd = CostUsd,
            LatencyMs = LatencyMs,
            FirstTokenMs = FirstTokenMs,
            Outcome = Outcome,
            At = Times.At(At),
        };
    }
}
