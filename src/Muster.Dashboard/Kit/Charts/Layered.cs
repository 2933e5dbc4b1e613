namespace Muster.Dashboard.Kit.Charts;

/// <summary>A thing of a graph, and what it waits for.</summary>
public sealed record Node(string Id, IReadOnlyList<string> After, double Weight);

/// <summary>Where a thing stands: its layer from the left, its place in it from the top.</summary>
public sealed record Placed(Node Node, int Layer, int Row, bool Critical);

/// <summary>Puts a graph without circles into layers: each thing right of all it waits for, near to them in height. Pure.</summary>
public static class Layered
{
    private const int Sweeps = 6;

    public static IReadOnlyList<Placed> Of(IReadOnlyList<Node> nodes)
    {
        var byId = nodes.ToDictionary(n => n.Id, StringComparer.Ordinal);
        var before = nodes.ToDictionary(n => n.Id, n => n.After.Where(byId.ContainsKey).Distinct(StringComparer.Ordinal).ToList(), StringComparer.Ordinal);
        var layer = Layers(nodes, before);
        var rows = layer.GroupBy(l => l.Value).OrderBy(g => g.Key).Select(g => nodes.Where(n => layer[n.Id] == g.Key).Select(n => n.Id).ToList()).ToList();
        var after = nodes.ToDictionary(n => n.Id, _ => new List<string>(), StringComparer.Ordinal);
        foreach (var (id, those) in before)
            foreach (var one in those) after[one].Add(id);
        Untangle(rows, before, after);
        var critical = Critical(nodes, before, layer);
        return [.. rows.SelectMany((ids, column) => ids.Select((id, row) => new Placed(byId[id], column, row, critical.Contains(id))))];
    }

    /// <summary>One more than the greatest of those before; a circle, which the plane refuses, would end where it closes.</summary>
    private static Dictionary<string, int> Layers(IReadOnlyList<Node> nodes, Dictionary<string, List<string>> before)
    {
        var layer = new Dictionary<string, int>(StringComparer.Ordinal);
        var waits = before.ToDictionary(b => b.Key, b => b.Value.Count, StringComparer.Ordinal);
        var ready = new Queue<string>(nodes.Where(n => waits[n.Id] == 0).Select(n => n.Id));
        var after = nodes.SelectMany(n => before[n.Id].Select(b => (From: b, To: n.Id))).ToLookup(e => e.From, e => e.To, StringComparer.Ordinal);
        while (ready.TryDequeue(out var id))
        {
            layer[id] = before[id].Count == 0 ? 0 : before[id].Max(b => layer[b]) + 1;
            foreach (var next in after[id])
                if (--waits[next] == 0) ready.Enqueue(next);
        }

        foreach (var node in nodes) layer.TryAdd(node.Id, 0);
        return layer;
    }

    /// <summary>Back and forth, each thing goes to the middle of its neighbours: few lines cross then.</summary>
    private static void Untangle(List<List<string>> rows, Dictionary<string, List<string>> before, Dictionary<string, List<string>> after)
    {
        var place = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var row in rows) Number(row);
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            var neighbours = sweep % 2 == 0 ? before : after;
            foreach (var row in sweep % 2 == 0 ? rows : rows.AsEnumerable().Reverse())
            {
                var middle = row.ToDictionary(id => id, id => neighbours[id].Count == 0 ? place[id] : neighbours[id].Average(n => place[n]), StringComparer.Ordinal);
                var sorted = row.OrderBy(id => middle[id]).ToList();
                row.Clear();
                row.AddRange(sorted);
                Number(row);
            }
        }

        void Number(List<string> row)
        {
            for (var i = 0; i < row.Count; i++) place[row[i]] = i - (row.Count / 2.0);
        }
    }

    /// <summary>The way through on which any delay is a delay of all. What weighs nothing any more delays nobody.</summary>
    private static HashSet<string> Critical(IReadOnlyList<Node> nodes, Dictionary<string, List<string>> before, Dictionary<string, int> layer)
    {
        var length = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var node in nodes.OrderBy(n => layer[n.Id])) length[node.Id] = node.Weight + (before[node.Id].Count == 0 ? 0 : before[node.Id].Max(b => length.GetValueOrDefault(b)));
        var way = new HashSet<string>(StringComparer.Ordinal);
        var at = length.Count == 0 ? null : length.MaxBy(l => l.Value).Key;
        while (at is not null && way.Add(at)) at = before[at].Count == 0 ? null : before[at].MaxBy(b => length.GetValueOrDefault(b));
        way.IntersectWith(nodes.Where(n => n.Weight > 0).Select(n => n.Id));
        return way.Count > 1 ? way : [];
    }
}
