using System.Collections.Concurrent;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet;

/// <summary>
/// When each agent and host that talks to this plane was last heard of. Kept in memory: only the change from one health to
/// the next reaches the store, so a fleet in which nothing happens writes nothing.
/// </summary>
public sealed class PresenceTable
{
    /// <summary>Three missed heartbeats.</summary>
    public static readonly TimeSpan WarningAfter = TimeSpan.FromSeconds(15);
    public static readonly TimeSpan StaleAfter = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, Presence> _byId = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _untold = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;

    public PresenceTable(Store store, TimeProvider time)
    {
        _time = time;
        store.Listen(committed =>
        {
            foreach (var signal in committed.Signals)
            {
                if (signal is PresenceKept kept && kept.PlaneId != store.PlaneId) Forget(kept.Id);
                else if (signal is PresenceExpected expected) Expect(expected);
            }
        });
    }

    public Presence? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>Hears from somebody; says whether that changed what others should know.</summary>
    public (Presence Now, bool Changed) Hear(string id, string? status, string? fingerprint)
    {
        var before = Find(id);
        var now = new Presence(_time.GetTimestamp(), _time.GetUtcNow(), AgentHealth.Healthy, status, fingerprint);
        _byId[id] = now;
        return (now, before is null || before.Health != AgentHealth.Healthy || before.Fingerprint != fingerprint);
    }

    /// <summary>Another plane heard it later than this one: its silence is counted from then.</summary>
    public void Adopt(string id, DateTimeOffset lastSeen)
    {
        if (Find(id) is not { } before || lastSeen <= before.LastSeen) return;
        var silent = TimeSpan.FromTicks(Math.Max(0, (_time.GetUtcNow() - lastSeen).Ticks));
        var heard = _time.GetTimestamp() - (long)(silent.TotalSeconds * _time.TimestampFrequency);
        var health = HealthAfter(silent);
        _byId.TryUpdate(id, before with { Heard = heard, LastSeen = lastSeen, Health = health }, before);
    }

    public void Forget(string id) => _byId.TryRemove(id, out _);

    /// <summary>The store does not know yet how it is: it is told soon, of all of these together.</summary>
    public void Tell(string id) => _untold[id] = true;

    /// <summary>Of whom the store is to be told, as they are now; they count as told.</summary>
    public IReadOnlyList<(string Id, Presence Now)> Untold()
    {
        List<(string, Presence)> untold = [];
        foreach (var (id, _) in _untold)
            if (_untold.TryRemove(id, out _) && Find(id) is { } now) untold.Add((id, now));
        return untold;
    }

    /// <summary>Marks who has been silent for too long; returns those whose health changed.</summary>
    public IReadOnlyList<(string Id, Presence Now)> Sweep()
    {
        List<(string, Presence)> changed = [];
        var now = _time.GetTimestamp();
        foreach (var (id, presence) in _byId)
        {
            var silent = _time.GetElapsedTime(presence.Heard, now);
            var health = HealthAfter(silent);
            // Only who is heard gets better.
            if (health is AgentHealth.Healthy || health == presence.Health || presence.Health == AgentHealth.Stale) continue;
            var next = presence with { Health = health };
            if (_byId.TryUpdate(id, next, presence)) changed.Add((id, next));
        }

        return changed;
    }

    private static string HealthAfter(TimeSpan silent) => silent >= StaleAfter ? AgentHealth.Stale : silent >= WarningAfter ? AgentHealth.Warning : AgentHealth.Healthy;

    private void Expect(PresenceExpected expected) =>
        _byId.TryAdd(expected.Id, new Presence(_time.GetTimestamp(), Times.At(expected.LastHeartbeat) ?? _time.GetUtcNow(), expected.Health, null, null));
}

/// <summary>An agent or a host talks to this plane from now on, or the plane that it talked to is gone and this one waits for it.</summary>
public sealed record PresenceKept(string Id, string PlaneId) : Signal;

/// <summary>Somebody of whom only the store knows: how long the silence lasts is measured here from now on.</summary>
public sealed record PresenceExpected(string Id, string Health, long? LastHeartbeat) : Signal
{
    public override bool IsLocal => true;
}

/// <param name="Heard">Monotonic time stamp of the last sign of life.</param>
/// <param name="LastSeen">The same for people.</param>
/// <param name="Health">One of <see cref="AgentHealth"/>.</param>
/// <param name="Status">What it says of itself.</param>
/// <param name="Fingerprint">What it last registered with, to tell a repeat from a change.</param>
public sealed record Presence(long Heard, DateTimeOffset LastSeen, string Health, string? Status, string? Fingerprint);
