using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>A lease that an agent names to a plane which does not keep it.</summary>
public sealed record NamedLease(LeaseToken Token, string AgentId);

/// <summary>
/// Makes this plane the one that keeps a lease: because its agent came here, or because the plane that kept it is gone.
/// From then on the lease has its full length again.
/// </summary>
public sealed class AdoptLeases(Store store) : BulkOperation<NamedLease, string?>
{
    /// <summary>Values in one statement.</summary>
    private const int Chunk = 500;

    private const string Select =
        """
        SELECT s.id AS assignment_id, s.task_id, s.agent_id, s.epoch, p.lease_seconds
          FROM assignments s JOIN tasks t ON t.id = s.task_id JOIN projects p ON p.id = t.project_id
        """;

    /// <summary>All that no plane keeps which is there. Belongs to the leader.</summary>
    public int Orphans(StoreTransaction tx)
    {
        var ids = tx.Query<string>($"UPDATE assignments SET plane_id = @PlaneId WHERE status = 'active' AND {Planes.Orphaned("assignments")} RETURNING id",
            new { store.PlaneId, alive = Planes.Alive(tx) });
        foreach (var some in ids.Chunk(Chunk))
            foreach (var lease in tx.Query<OpenLease>(Select + " WHERE s.id IN @some", new { some })) Tell(tx, lease);
        return ids.Count;
    }

    /// <summary>The assignment where the lease is current; null where it is lost.</summary>
    protected override void Run(StoreTransaction tx, IReadOnlyList<BulkItem<NamedLease, string?>> items)
    {
        foreach (var some in items.Chunk(Chunk))
        {
            var open = tx.Query<OpenLease>(Select + " WHERE s.status = 'active' AND s.task_id IN @tasks", new { tasks = some.Select(i => i.Item.Token.Subject).Distinct(StringComparer.Ordinal) })
                .ToDictionary(l => l.TaskId, StringComparer.Ordinal);
            var named = some.Select(i => open.GetValueOrDefault(i.Item.Token.Subject) is { } lease && lease.Epoch == i.Item.Token.Epoch && lease.AgentId == i.Item.AgentId ? lease : null).ToList();
            var ids = named.OfType<OpenLease>().Select(l => l.AssignmentId).Distinct(StringComparer.Ordinal).ToList();
            // Whether it is still open is asked again with the row under lock.
            var kept = ids.Count == 0 ? [] : tx.Query<string>("UPDATE assignments SET plane_id = @PlaneId WHERE id IN @ids AND status = 'active' RETURNING id", new { store.PlaneId, ids })
                .ToHashSet(StringComparer.Ordinal);
            for (var i = 0; i < some.Length; i++)
            {
                var lease = named[i] is { } found && kept.Contains(found.AssignmentId) ? found : null;
                if (lease is not null) Tell(tx, lease);
                some[i].Settle(lease?.AssignmentId);
            }
        }
    }

    private void Tell(StoreTransaction tx, OpenLease lease)
    {
        tx.Notify(new LeaseOpened(lease.AssignmentId, lease.TaskId, lease.AgentId, lease.Epoch, lease.LeaseSeconds));
        if (store.IsShared) tx.Notify(new LeaseKept(lease.TaskId, lease.Epoch, store.PlaneId));
    }

    private sealed record OpenLease
    {
        public string AssignmentId { get; init; } = "";
        public string TaskId { get; init; } = "";
        public string AgentId { get; init; } = "";
        public int Epoch { get; init; }
        public int LeaseSeconds { get; init; }
    }
}
