using System.Collections.Concurrent;
using Dapper;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet;

/// <summary>An agent's row has changed.</summary>
public sealed record AgentChanged(string AgentId, string Name) : Signal;

/// <summary>Agents' rows as last read, so that a heartbeat in which nothing changed asks the store nothing.</summary>
public sealed class AgentDirectory
{
    private readonly ConcurrentDictionary<string, AgentRow> _rows = new(StringComparer.Ordinal);
    private readonly Store _store;
    private long _version;

    public AgentDirectory(Store store)
    {
        _store = store;
        store.Listen(committed =>
        {
            foreach (var signal in committed.Signals)
            {
                if (signal is AgentChanged changed)
                {
                    Interlocked.Increment(ref _version);
                    _rows.TryRemove(changed.AgentId, out _);
                    _rows.TryRemove(changed.Name, out _);
                }
                else if (signal is LookAgain again && again.Missed<AgentChanged>() is not 0)
                {
                    Interlocked.Increment(ref _version);
                    _rows.Clear();
                }
            }
        });
    }

    /// <summary>By id or name.</summary>
    public async ValueTask<AgentRow?> FindAsync(string agent, CancellationToken ct)
    {
        if (_store.Hears && _rows.TryGetValue(agent, out var known)) return known;
        var version = Interlocked.Read(ref _version);
        var row = await _store.ReadAsync(c => c.QueryFirstOrDefaultAsync<AgentRow>(AgentRow.ByIdOrName, new { agent }), ct);
        // A change that was committed while we read would be lost in the cache; then the row is not kept.
        if (row is not null && Interlocked.Read(ref _version) == version) _rows[row.Name] = _rows[row.Id] = row;
        return row;
    }
}
