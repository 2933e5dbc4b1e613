using System.Text.Json;
using Muster.Contracts;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Models.Budgets;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Models.Gateway;

/// <summary>
/// Every call of a model from admission to the ledger. Admitting checks the lease, the switch and the budgets in one
/// transaction and writes the call down; recording takes it out again with what it cost. One whose plane died is recorded by
/// another at the most it may have cost, so that nothing is ever spent unseen.
/// </summary>
public sealed class CallBook(Store store, PriceTable prices, RoleCatalog roles)
{
    /// <summary>Outcome of a call whose plane died during it.</summary>
    public const string Lost = "lost";

    // More than any call takes. What a provider says of itself is text from outside, and sums of it must hold.
    private const long MostTokens = 1_000_000_000;

    public sealed record Admitted(string Id, ModelCaller Caller);

    /// <param name="credential">Who asks.</param>
    /// <param name="route">Where it may go.</param>
    /// <param name="tokensIn">The most tokens that the request may have.</param>
    /// <param name="tokensOut">The most that the answer may have.</param>
    /// <exception cref="Refusal">The lease is not current, models are off, or a budget does not hold it.</exception>
    public Task<Admitted> AdmitAsync(ModelCredential credential, ModelRoute route, long tokensIn, long tokensOut, CancellationToken ct)
    {
        var legs = route.Legs.Select(l => prices.Of(l.Provider, l.Model)).ToList();
        var amount = new Amount(legs.Max(p => p?.Most(tokensIn, tokensOut)) ?? 0, tokensIn + tokensOut);
        return store.WriteAsync(tx =>
        {
            ModelSwitch.Require(tx);
            var caller = credential.Find(tx, store);
            TaskBudgets.FromRole(tx, caller, roles.Find(caller.Role));
            var holds = Reservations.Take(tx, caller, amount, priced: legs.TrueForAll(p => p is not null));
            var row = new ModelCallRow
            {
                Id = Ids.New(),
                PlaneId = store.PlaneId,
                Route = route.Name,
                TaskId = caller.TaskId,
                AssignmentId = caller.AssignmentId,
                AgentId = caller.AgentId,
                ProjectId = caller.ProjectId,
                Role = caller.Role,
                Nanos = amount.Nanos,
                Tokens = amount.Tokens,
                Holds = JsonSerializer.Serialize(holds, Wire.Json),
                At = tx.Now,
            };
            tx.ExecuteOne(
                """
                INSERT INTO model_calls (id, plane_id, route, task_id, assignment_id, agent_id, project_id, role, nanos, tokens, holds, at)
                VALUES (@Id, @PlaneId, @Route, @TaskId, @AssignmentId, @AgentId, @ProjectId, @Role, @Nanos, @Tokens, @Holds, @At)
                """, row);
            return new Admitted(row.Id, caller);
        }, ct);
    }

    /// <summary>Writes down what a call came to. Once: a call that was taken for lost before stays as it was recorded.</summary>
    public Task RecordAsync(string callId, IReadOnlyList<LegOutcome> tries) => store.WriteAsync(tx =>
    {
        if (tx.QueryFirst<ModelCallRow>("DELETE FROM model_calls WHERE id = @callId RETURNING *", new { callId }) is not { } call) return;
        Amount spent = new(0, 0, tries.Count);
        foreach (var made in tries.Select(Believed))
        {
            var nanos = Cost(made);
            spent = new Amount(spent.Nanos + (nanos ?? 0), spent.Tokens + made.Tokens.Total, spent.Calls);
            Insert(tx, call, made, nanos);
        }

        Reservations.Settle(tx, call.HoldList, call.Held, spent);
        if (tries.Any(made => made.Replayed)) Rehearsed(tx, call);
    });

    /// <summary>Records the calls of planes that are gone.</summary>
    public int RecordLost(StoreTransaction tx)
    {
        var lost = tx.Query<ModelCallRow>($"SELECT * FROM model_calls WHERE {Planes.Orphaned("model_calls")}", new { store.PlaneId, alive = Planes.Alive(tx) });
        foreach (var call in lost)
        {
            tx.ExecuteOne("DELETE FROM model_calls WHERE id = @Id", new { call.Id });
            var made = new LegOutcome { Leg = new ModelLeg("unknown", call.Route), Outcome = Lost, Tokens = new TokenCounts(call.Tokens, 0), Counted = false, LatencyMs = 0 };
            Insert(tx, call, made, call.Nanos);
            Reservations.Settle(tx, call.HoldList, call.Held, call.Held);
        }

        return lost.Count;
    }

    // Said wherever the work shows.
    private static void Rehearsed(StoreTransaction tx, ModelCallRow call)
    {
        tx.Execute("UPDATE assignments SET rehearsal = 1 WHERE id = @AssignmentId AND rehearsal = 0", new { call.AssignmentId });
        tx.Execute("UPDATE tasks SET rehearsal = 1 WHERE id = @TaskId AND rehearsal = 0", new { call.TaskId });
    }

    private static LegOutcome Believed(LegOutcome made)
    {
        var tokens = new TokenCounts(Count(made.Tokens.In), Count(made.Tokens.Out), Count(made.Tokens.Cached), Count(made.Tokens.Stored));
        return made with { Tokens = tokens, Counted = made.Counted && tokens == made.Tokens, CostUsd = Nanos.IsPossible(made.CostUsd) ? made.CostUsd : null };

        static long Count(long said) => Math.Clamp(said, 0, MostTokens);
    }

    private long? Cost(LegOutcome made) => Nanos.Of(made.CostUsd) ?? prices.Of(made.Leg.Provider, made.Leg.Model)?.Nanos(made.Tokens) ?? (made.Tokens.Total == 0 ? 0 : null);

    private static void Insert(StoreTransaction tx, ModelCallRow call, LegOutcome made, long? nanos) => tx.ExecuteOne(
        """
        INSERT INTO model_usage (id, call_id, task_id, assignment_id, agent_id, project_id, role, route, provider, model, model_served, tokens_in, tokens_out, tokens_cached,
               tokens_stored, counted, cost_usd, cost_nanos, latency_ms, first_token_ms, outcome, at)
        VALUES (@id, @callId, @TaskId, @AssignmentId, @AgentId, @ProjectId, @Role, @Route, @Provider, @Model, @Served, @In, @Out, @Cached,
               @Stored, @Counted, @usd, @nanos, @LatencyMs, @FirstTokenMs, @Outcome, @Now)
        """,
        new
        {
            id = Ids.New(),
            callId = call.Id,
            call.TaskId,
            call.AssignmentId,
            call.AgentId,
            call.ProjectId,
            call.Role,
            call.Route,
            made.Leg.Provider,
            made.Leg.Model,
            made.Served,
            made.Tokens.In,
            made.Tokens.Out,
            made.Tokens.Cached,
            made.Tokens.Stored,
            made.Counted,
            usd = nanos is { } n ? Nanos.Dollars(n) : (double?)null,
            nanos,
            made.LatencyMs,
            made.FirstTokenMs,
            made.Outcome,
            tx.Now,
        });
}
