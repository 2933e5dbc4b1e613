using Dapper;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet.Drifting;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet;

/// <summary>Puts agents together for the wire: the row, what memory and other planes know, and the tasks they hold.</summary>
public sealed class AgentReader(Store store, PresenceTable presence, SharedPresence shared, DriftWatch drift)
{
    public async Task<IReadOnlyList<AgentInfo>> InfosAsync(IReadOnlyList<AgentRow> rows, CancellationToken ct)
    {
        if (rows.Count == 0) return [];
        var held = await store.ReadAsync(c => c.QueryAsync<(string Agent, string Key)>(
            """
            SELECT s.agent_id, p.key || '-' || t.number FROM assignments s JOIN tasks t ON t.id = s.task_id JOIN projects p ON p.id = t.project_id
             WHERE s.ended_at IS NULL AND s.agent_id IN @ids ORDER BY s.started_at
            """, new { ids = rows.Select(r => r.Id) }), ct);
        var byAgent = held.ToLookup(h => h.Agent, h => h.Key, StringComparer.Ordinal);
        var elsewhere = await shared.FindAsync([.. rows.Select(r => r.Id)], ct);
        return [.. rows.Select(r => r.ToInfo(Newest(r.Id), [.. byAgent[r.Id]], drift.Show(r)))];

        Presence? Newest(string id) => elsewhere.GetValueOrDefault(id) is { } there ? new Presence(0, there.LastSeen, there.Health, there.Status, null) : presence.Find(id);
    }
}
