using System.Collections.Concurrent;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet;

/// <summary>What agents are called. An agent keeps its name, and who has worked on a task stays, so each is read once.</summary>
public sealed class AgentNames
{
    private static readonly RowsStatement Read = new("SELECT a.id, a.name FROM {rows} CROSS JOIN agents a WHERE a.id = r.id", "id");

    private readonly ConcurrentDictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>The names of agents that are there, by id.</summary>
    public IReadOnlyDictionary<string, string> Of(StoreTransaction tx, IEnumerable<string> ids)
    {
        var missing = ids.Where(id => !_names.ContainsKey(id)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        tx.Rows(Read, r => _names[r.Text(0)] = r.Text(1), missing);
        return _names;
    }
}
