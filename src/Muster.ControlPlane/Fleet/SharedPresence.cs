using System.Collections.Concurrent;
using System.Text.Json;
using Muster.Contracts;
using Muster.ControlPlane.Operations.State;

namespace Muster.ControlPlane.Fleet;

/// <summary>
/// What each plane hears of agents, told to the others through the shared state: an agent that speaks to another plane now
/// is not silent. Written in one go every second, only where planes share a state; without it each plane knows what it
/// heard itself.
/// </summary>
public sealed class SharedPresence(ISharedState state, PresenceTable presence, TimeProvider time, ILogger<SharedPresence> logger) : BackgroundService
{
    private const int Chunk = 1000;

    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, bool> _heard = new(StringComparer.Ordinal);

    /// <summary>An agent spoke to this plane.</summary>
    public void Note(string id)
    {
        if (state.IsShared) _heard[id] = true;
    }

    /// <summary>What other planes know newer of these agents. Nothing when it cannot be asked now.</summary>
    public async Task<IReadOnlyDictionary<string, SharedSighting>> FindAsync(IReadOnlyList<string> ids, CancellationToken ct)
    {
        var found = new Dictionary<string, SharedSighting>(StringComparer.Ordinal);
        if (!state.IsShared || ids.Count == 0) return found;
        try
        {
            var values = await state.GetAsync([.. ids.Select(Key)], ct).AsTask().WaitAsync(Patience, time, ct);
            for (var i = 0; i < ids.Count; i++)
                if (values[i] is { } json && JsonSerializer.Deserialize<SharedSighting>(json, Wire.Json) is { } sighting && sighting.LastSeen > (presence.Find(ids[i])?.LastSeen ?? default))
                    found[ids[i]] = sighting;
        }
        catch (Exception error) when (error is StateUnavailableException or TimeoutException)
        {
            // A courtesy: what this plane heard itself is told instead, and health says what is missing.
        }

        return found;
    }

    protected override async Task ExecuteAsync(CancellationToken ct)
    {
        if (!state.IsShared) return;
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            try
            {
                foreach (var ids in _heard.Keys.Chunk(Chunk)) await TellAsync(ids, ct);
            }
            catch (StateUnavailableException error)
            {
                logger.LogDebug(error, "What was heard of {Count} agents waits to be shared", _heard.Count);
            }
        }
    }

    private async Task TellAsync(string[] ids, CancellationToken ct)
    {
        List<KeyValuePair<string, byte[]>> values = [];
        foreach (var id in ids)
        {
            _heard.TryRemove(id, out _);
            if (presence.Find(id) is { } now)
                values.Add(new(Key(id), JsonSerializer.SerializeToUtf8Bytes(new SharedSighting { LastSeen = now.LastSeen, Health = now.Health, Status = now.Status }, Wire.Json)));
        }

        try
        {
            await state.SetAsync(values, Life, ct);
        }
        catch (StateUnavailableException)
        {
            foreach (var id in ids) _heard[id] = true;
            throw;
        }
    }

    private static string Key(string id) => "agent:" + id;
}

/// <summary>What a plane last heard of an agent.</summary>
public sealed record SharedSighting
{
    public required DateTimeOffset LastSeen { get; init; }
    public required string Health { get; init; }
    public string? Status { get; init; }
}
