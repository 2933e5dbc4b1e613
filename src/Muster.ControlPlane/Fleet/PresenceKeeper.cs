using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet;

/// <summary>Notices who has fallen silent, and says so once.</summary>
public sealed class PresenceKeeper(Store store, PresenceTable presence, SharedPresence shared, TimeProvider time, ILogger<PresenceKeeper> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            var changed = await HeardElsewhereAsync(presence.Sweep(), ct);
            if (changed.Count == 0) continue;
            try
            {
                await store.WriteAsync(tx => Record(tx, changed), ct);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                logger.LogError(error, "The silence of {Count} agents or hosts could not be recorded", changed.Count);
            }
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

    private static void Record(StoreTransaction tx, IReadOnlyList<(string Id, Presence Now)> changed)
    {
        foreach (var (id, now) in changed)
        {
            var at = now.LastSeen.ToUnixTimeMilliseconds();
            if (tx.QueryFirst<AgentRow>(AgentRow.ByIdOrName, new { agent = id }) is { } agent)
            {
                // Another plane has noticed it first, and has said so.
                if (agent.Health == now.Health) continue;
                tx.ExecuteOne("UPDATE agents SET health = @Health, last_heartbeat = @at, updated_at = @Now WHERE id = @id", new { now.Health, at, tx.Now, id });
                tx.Emit(EventTypes.AgentStatusChanged, $"Agent {agent.Name} is {now.Health}: last heard of at {now.LastSeen:HH:mm:ss}", agentId: id,
                    data: new { name = agent.Name, health = now.Health });
                tx.Notify(new AgentChanged(id, agent.Name));
            }
            else if (tx.QueryFirst<HostRow>(HostRow.ByIdOrName, new { host = id }) is { } host)
            {
                tx.ExecuteOne("UPDATE hosts SET health = @Health, last_heartbeat = @at WHERE id = @id", new { now.Health, at, id });
                tx.Emit(EventTypes.HostStatusChanged, $"Host {host.Name} is {now.Health}", data: new { name = host.Name, health = now.Health });
            }
        }
    }
}
