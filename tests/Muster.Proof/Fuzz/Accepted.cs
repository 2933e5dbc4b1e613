using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.Contracts;

namespace Muster.Proof.Fuzz;

/// <summary>
/// Requests that the plane has taken, a few of each operation. One of them with a single thing changed gets past every check that a made-up
/// one fails at, to the one that this thing should fail at.
/// </summary>
internal sealed class Accepted(Random random, ValueMaker values, Pool pool)
{
    private const int KeptOfEach = 12;

    private readonly Dictionary<string, List<FuzzRequest>> _known = new(StringComparer.Ordinal);
    private readonly List<string> _operations = [];

    public void Learn(FuzzRequest request)
    {
        if (request.Operation.Method == "GET" && request.Query.Count == 0) return;
        if (!_known.TryGetValue(request.Operation.Id, out var list))
        {
            _known[request.Operation.Id] = list = [];
            _operations.Add(request.Operation.Id);
        }

        if (list.Count == KeptOfEach) list.RemoveAt(random.Next(list.Count));
        list.Add(request);
    }

    /// <summary>One of them, changed in one place; null while there is none.</summary>
    public FuzzRequest? Changed()
    {
        if (_operations.Count == 0) return null;
        var list = _known[_operations[random.Next(_operations.Count)]];
        var request = list[random.Next(list.Count)];
        // Not the answer of before.
        request = request with { Headers = [.. request.Headers.Where(h => h.Name != Wire.IdempotencyHeader)] };
        if (random.Next(4) > 0) request = request.About(pool.Held(random));
        var body = request.Body is { } bytes ? Shrinker.Parse(bytes) : null;
        if (body is JsonObject or JsonArray && random.Next(6) > 0) return request with { Body = Encoding.UTF8.GetBytes(ChangeOne(body).ToJsonString()) };
        if (request.Query.Count == 0) return request with { Headers = [(Wire.LeaseHeader, pool.Any("lease", random) ?? "mls_x")] };
        var at = random.Next(request.Query.Count);
        return request with { Query = [.. request.Query.Select((q, i) => i == at ? (q.Name, random.Next(2) == 0 ? values.NumberText() : values.Text(q.Name)) : q)] };
    }

    private JsonNode ChangeOne(JsonNode body)
    {
        List<(JsonNode Parent, string? Name, int Index)> places = [];
        Collect(body, places);
        if (places.Count == 0) return body;
        var (parent, name, index) = places[random.Next(places.Count)];
        if (parent is JsonArray items)
        {
            items[index] = Other(items[index], "item");
        }
        else if (random.Next(12) == 0)
        {
            parent.AsObject().Remove(name!);
        }
        else
        {
            parent[name!] = Other(parent[name!], name!);
        }

        return body;
    }

    // Mostly of the same kind: what is of another is refused before anybody looks at it.
    private JsonNode? Other(JsonNode? value, string name) => random.Next(8) == 0 ? values.Wrong() : value?.GetValueKind() switch
    {
        JsonValueKind.Number => JsonNode.Parse(values.EdgeNumber(value)),
        JsonValueKind.String => JsonValue.Create(random.Next(3) == 0 ? values.Text(name) : values.HostileText()),
        JsonValueKind.True or JsonValueKind.False => JsonValue.Create(random.Next(2) == 0),
        JsonValueKind.Array => new JsonArray([.. Enumerable.Range(0, random.Next(2) == 0 ? 0 : 300).Select(_ => value.AsArray().FirstOrDefault()?.DeepClone())]),
        _ => values.Wrong(),
    };

    private static void Collect(JsonNode node, List<(JsonNode, string?, int)> places)
    {
        if (node is JsonObject members)
        {
            foreach (var (name, value) in members)
            {
                places.Add((node, name, 0));
                if (value is not null) Collect(value, places);
            }
        }
        else if (node is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                places.Add((node, null, i));
                if (items[i] is { } value) Collect(value, places);
            }
        }
    }
}
