using Muster.Contracts.Events;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Fleet.Specialists;

/// <summary>Ends a specialist: it finishes what it holds, takes nothing new, and what waits for it goes back to Seed.</summary>
public sealed class RetireSpecialists(Store store)
{
    /// <summary>By a person, or with the lease of a task in the hands of the agent that made it.</summary>
    public SpecialistRow Run(StoreTransaction tx, Principal principal, string? lease, string id, string? reason)
    {
        var row = SpecialistRow.Find(tx, id) ?? throw Refusal.NotFound("specialist", id);
        if (principal.Scope == Scopes.Agent && Leases.Require(tx, store, lease).AgentId != row.SpawnedBy) throw Refusal.Forbidden($"Only {row.Spawner}, which made it, and people retire {row.Name}.");
        return row.State == SpecialistRow.Retired ? row : End(tx, row, string.IsNullOrWhiteSpace(reason) ? $"Retired by {principal.Name}." : reason.Trim());
    }

    /// <summary>Those whose life is over. Retires at most a few at a time; the rest the next time.</summary>
    public static int Due(StoreTransaction tx)
    {
        var due = tx.Query<SpecialistRow>(SpecialistRow.Select + " WHERE s.state = 'active' AND s.ends_at <= @Now ORDER BY s.ends_at LIMIT 20", new { tx.Now });
        foreach (var row in due) End(tx, row, "Its time was over.");
        // Those that have finished what they held.
        var done = tx.Query<(string Id, string Name)>(
            """
            SELECT a.id, a.name FROM specialists s JOIN agents a ON a.id = s.agent_id
             WHERE s.state = 'retired' AND a.active = 1 AND NOT EXISTS (SELECT 1 FROM assignments o WHERE o.agent_id = a.id AND o.ended_at IS NULL)
            """);
        foreach (var (id, name) in done)
        {
            tx.ExecuteOne("UPDATE agents SET active = 0, desired = 'stopped', updated_at = @Now WHERE id = @id", new { tx.Now, id });
            tx.Notify(new AgentChanged(id, name));
        }

        return due.Count + done.Count;
    }

    private static SpecialistRow End(StoreTransaction tx, SpecialistRow row, string reason)
    {
        var retired = row with { State = SpecialistRow.Retired, RetiredAt = tx.Now, Reason = reason };
        tx.ExecuteOne("UPDATE specialists SET state = @State, retired_at = @RetiredAt, reason = @Reason WHERE id = @Id", retired);
        tx.ExecuteOne("UPDATE agents SET desired = 'draining', updated_at = @Now WHERE id = @AgentId", new { tx.Now, row.AgentId });
        foreach (var waiting in tx.Query<string>("SELECT id FROM tasks WHERE role = @Name AND status = 'pending'", new { row.Name }))
            EditTask.Run(tx, waiting, new UpdateTask { Role = SpecialistRules.Seed });
        tx.Emit(EventTypes.SpecialistRetired, $"The specialist {row.Name} is retired: {reason}", agentId: row.AgentId, taskId: row.TaskId, data: new { name = row.Name });
        tx.Notify(new AgentChanged(row.AgentId, row.Name));
        tx.Notify(new SpecialistsChanged());
        return retired;
    }
}
