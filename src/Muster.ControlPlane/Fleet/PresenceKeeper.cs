using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet;

/// <summary>Notices who of those that talk to this plane has fallen silent or came back, and says so once, of all together.</summary>
public sealed class PresenceKeeper(Store store, PresenceTable presence, SharedPresence shared, TimeProvider time, ILogger<PresenceKeeper> logger) : BackgroundService
{
    /// <summary>Agents of one write: others' writes go in between.</summary>
    private const int Chunk = 500;

    private static readonly RowsStatement Known = new(
        "SELECT a.id, a.name, a.status, a.health, a.plane_id FROM {rows} CROSS JOIN agents a WHERE a.id = r.id {lock a}", "id");

    private static readonly RowsStatement Change = new(
        "UPDATE agents SET health = r.health, last_heartbeat = r.heard, plane_id = r.plane_id, updated_at = {now} FROM {rows} WHERE agents.id = r.id", "id", "health", "heard#", "plane_id");

    protected override async Task ExecuteAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            foreach (var some in (await HeardElsewhereAsync(presence.Sweep(), ct)).Concat(presence.Untold()).DistinctBy(c => c.Id).Chunk(Chunk)) await TellAsync(some, ct);
        }
    }

    private async Task TellAsync(IReadOnlyList<(string Id, Presence Now)> changed, CancellationToken ct)
    {
        try
        {
            await store.WriteAsync(tx => Record(tx, changed), ct);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            logger.LogError(error, "How {Count} agents or hosts are could not be recorded; it is tried again", changed.Count);
            foreach (var (id, _) in changed) presence.Tell(id);
        }
    }

    /// <summary>Silence here is none when another plane hears it.</summary>
    private async Task<IReadOnlyList<(string Id, Presence Now)>> HeardElsewhereAsync(IReadOnlyList<(string Id, Presence Now)> silent, CancellationToken ct)
    {
        var elsewhere = await shared.FindAsync([.. silent.Select(s => s.Id)], ct);
        if (elsewhere.Count == 0) return silent;
        foreach (var (id, sighting) in elsewhere) presence.Adopt(id, sighting.LastSeen);
        return [.. silent.Select(s => (s.Id, Now: presence.Find(s.Id) ?? s.Now)).Where(s => s.Now.Health != AgentHealth.Healthy)];
    }

    /// <summary>Those who talked to a plane that is gone, or to this one's predecessor: here they are waited for. Belongs to the leader.</summary>
    public int AdoptOrphans(StoreTransaction tx)
    {
        var adopted = 0;
        foreach (var table in (string[])["agents", "hosts"])
        {
            var rows = tx.Query<(string Id, string Health, long? LastHeartbeat)>(
                $"UPDATE {table} SET plane_id = @PlaneId WHERE health IN ('healthy', 'warning') AND {Planes.Orphaned(table)} RETURNING id, health, last_heartbeat",
                new { store.PlaneId, alive = Planes.Alive(tx) });
            foreach (var (id, health, heard) in rows)
            {
                tx.Notify(new PresenceExpected(id, health, heard));
                if (store.IsShared) tx.Notify(new PresenceKept(id, store.PlaneId));
            }

            adopted += rows.Count;
        }

        return adopted;
    }

    private void Record(StoreTransaction tx, IReadOnlyList<(string Id, Presence Now)> changed)
    {
        var rows = new Dictionary<string, (string Name, string? Status, string Health, string? PlaneId)>(StringComparer.Ordinal);
        tx.Rows(Known, r => rows[r.Text(0)] = (r.Text(1), r.TextOrNull(2), r.Text(3), r.TextOrNull(4)), changed.Select(c => c.Id).ToArray());
        var news = changed.Where(c => rows.TryGetValue(c.Id, out var row) && IsNews(row.Health, row.PlaneId, c.Now.Health)).ToList();
        tx.Rows(Change, null, news.ConvertAll(c => c.Id).ToArray(), news.ConvertAll(c => c.Now.Health).ToArray(), news.ConvertAll(c => c.Now.LastSeen.ToUnixTimeMilliseconds()).ToArray(), news.ConvertAll(_ => store.PlaneId).ToArray());
        foreach (var (id, now) in news)
        {
            var (name, status, before, plane) = rows[id];
            if (before != now.Health)
                tx.Emit(EventTypes.AgentStatusChanged, now.Health == AgentHealth.Healthy ? $"Agent {name} is {now.Health}, {status ?? "silent"}" : $"Agent {name} is {now.Health}: last heard of at {now.LastSeen:HH:mm:ss}",
                    agentId: id, data: new { name, health = now.Health, status = now.Health == AgentHealth.Healthy ? status : null });
            tx.Notify(new AgentChanged(id, name));
            if (store.IsShared && now.Health == AgentHealth.Healthy) tx.Notify(new PresenceKept(id, store.PlaneId));
        }

        foreach (var (id, now) in changed.Where(c => !rows.ContainsKey(c.Id))) RecordHost(tx, id, now);
    }

    /// <summary>
    /// Whoever is heard belongs to this plane from now on. Who is silent here may talk to another plane by now, which this one
    /// was not told of, or another has noticed it first.
    /// </summary>
    private bool IsNews(string healthBefore, string? planeBefore, string health) =>
        planeBefore == store.PlaneId ? healthBefore != health : health == AgentHealth.Healthy;

    private void RecordHost(StoreTransaction tx, string id, Presence now)
    {
        if (tx.QueryFirst<HostRow>(HostRow.ByIdOrName, new { host = id }) is not { } host || host.PlaneId != store.PlaneId) return;
        tx.ExecuteOne("UPDATE hosts SET health = @Health, last_heartbeat = @at WHERE id = @id", new { now.Health, at = now.LastSeen.ToUnixTimeMilliseconds(), id });
        tx.Emit(EventTypes.HostStatusChanged, $"Host {host.Name} is {now.Health}", data: new { name = host.Name, health = now.Health });
    }
}
