using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Backups;

/// <summary>What a store's new life ended.</summary>
public sealed record NewLife(string Incarnation, int Assignments, int Jobs, int Tokens);

/// <summary>
/// Begins another life of a store that was brought back or promoted: what was handed out in the former one counts no more.
/// Tasks that were worked on are free again, without blame; jobs are given out again; tokens of agents are revoked, since
/// hosts give their agents new ones when they start them again. Tokens of people and hosts stay, unless all are to go.
/// </summary>
public static class NewIncarnation
{
    public static NewLife Begin(StoreTransaction tx, string why, bool voidTokens)
    {
        var incarnation = Guid.NewGuid().ToString("N");
        tx.ExecuteOne("UPDATE meta SET value = @incarnation WHERE key = 'incarnation'", new { incarnation });
        return EndFormer(tx, incarnation, why, voidTokens);
    }

    /// <summary>Does the rest where a life began by itself, as after a promotion; null when none did.</summary>
    public static NewLife? Settle(StoreTransaction tx)
    {
        if (tx.QueryFirst<string?>("SELECT MAX(value) FROM meta WHERE key = 'new_life'") is not { } why) return null;
        tx.Execute("DELETE FROM meta WHERE key = 'new_life'");
        return EndFormer(tx, tx.QueryFirst<string>("SELECT value FROM meta WHERE key = 'incarnation'")!, why, voidTokens: false);
    }

    private static NewLife EndFormer(StoreTransaction tx, string incarnation, string why, bool voidTokens)
    {
        var open = tx.Query<string>("SELECT task_id FROM assignments WHERE status = 'active' ORDER BY id");
        foreach (var id in open)
        {
            var task = TaskQueries.Get(tx, id);
            TaskTransitions.CloseAssignment(tx, task, AssignmentState.Revoked, why);
            TaskTransitions.EndAttempt(tx, task, AssignmentState.Revoked, why, blame: false);
        }

        var jobs = tx.Query<JobRow>(JobRow.Select + " WHERE j.state = @Running ORDER BY j.id", new { JobState.Running });
        foreach (var job in jobs) JobOrders.Again(tx, job, notBefore: null);

        var tokens = tx.Execute($"UPDATE tokens SET revoked_at = @Now WHERE revoked_at IS NULL{(voidTokens ? "" : " AND scope = @Agent")}", new { tx.Now, Scopes.Agent });
        // Nobody was told of the tokens one by one.
        tx.Notify(new LookAgain());
        tx.Emit(EventTypes.StoreRestored, $"The store began a new life: {why}", data: new { incarnation, assignments = open.Count, jobs = jobs.Count, tokens });
        return new NewLife(incarnation, open.Count, jobs.Count, tokens);
    }
}
