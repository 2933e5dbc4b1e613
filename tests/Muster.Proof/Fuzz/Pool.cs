using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.Proof.Fuzz;

/// <summary>Ids, keys and leases that answers have told of, by what they are about; bounded, and the newest win.</summary>
internal sealed class Pool
{
    private const int Kept = 60;

    private readonly Dictionary<string, List<string>> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _leases = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _hashes = new(StringComparer.Ordinal);
    private readonly List<string> _edges = [];
    private readonly List<(string Assignment, string Task, string Lease)> _held = [];

    /// <summary>What must never be used as the target of a request: it would end the fuzzer's own rights.</summary>
    public HashSet<string> Spared { get; } = new(StringComparer.Ordinal);

    public void Learn(string about, JsonNode? answer)
    {
        if (answer is JsonArray many) foreach (var one in many) Learn(about, one);
        if (answer is not JsonObject members) return;
        if (Text(members, "lease") is { } lease)
        {
            if (members["assignment"] is JsonObject assignment)
            {
                var (id, task) = (Text(assignment, "id"), Text(assignment, "taskId"));
                foreach (var held in new[] { id, task }.OfType<string>()) _leases[held] = lease;
                if (id is not null && task is not null) _held.Add((id, task, lease));
            }

            // A job is leased by itself.
            if (Text(members, "id") is { } job) _leases[job] = lease;
        }

        // What a tool, its version or its job is called, and what goes with it.
        if (Text(members, "hash") is { } hash)
            foreach (var called in new[] { Text(members, "id"), Text(members, "tool"), Text(members, "name") }.OfType<string>()) _hashes[called] = hash;

        foreach (var (name, value) in members)
        {
            if (value is JsonObject or JsonArray) Learn(name switch { "items" => about, "assignment" => "assignments", "task" or "tasks" => about == "claims" && name == "tasks" ? "claims" : "tasks", _ => about }, value);
            else if (value?.GetValueKind() == JsonValueKind.String)
            {
                var text = value.GetValue<string>();
                if (name is "id" or "key" or "name") Add(about, text);
                if (name is "lease" or "title" or "next" or "taskId" or "projectId" or "status" or "role" or "label" or "code") Add(name, text);
            }
        }
    }

    private static string? Text(JsonObject members, string name) => members[name]?.GetValueKind() == JsonValueKind.String ? members[name]!.GetValue<string>() : null;

    public void Add(string about, string value)
    {
        if (value.Length is 0 or > 300 || Spared.Contains(value)) return;
        if (!_known.TryGetValue(about, out var list)) _known[about] = list = [];
        if (list.Contains(value)) return;
        if (list.Count == Kept) list.RemoveAt(5);
        list.Add(value);
    }

    /// <summary>The lease that goes with an assignment or its task, when one was given: a random one is almost never the right one.</summary>
    public string? LeaseOf(string id) => _leases.GetValueOrDefault(id);

    /// <summary>The hash that goes with a tool, its version or its job.</summary>
    public string? HashOf(string id) => _hashes.GetValueOrDefault(id);

    /// <summary>Notes that a task waits for another.</summary>
    public void AddEdge(string path)
    {
        if (_edges.Count == Kept) _edges.RemoveAt(0);
        _edges.Add(path);
    }

    /// <summary>Where such a dependency is removed.</summary>
    public string? Edge(Random random) => _edges.Count == 0 ? null : _edges[random.Next(_edges.Count)];

    /// <summary>An assignment that was given lately, most likely held still, with its lease.</summary>
    public (string Assignment, string Task, string Lease)? Held(Random random) => _held.Count == 0 ? null : _held[^random.Next(1, Math.Min(_held.Count, 10) + 1)];

    /// <summary>Something for a field of this name.</summary>
    public string? Any(string name, Random random)
    {
        if (name == "agent" && random.Next(2) == 0) name = "self";
        var about = name switch
        {
            "project" or "projects" or "projectId" => "projects",
            "task" or "taskId" or "dependsOn" or "on" or "parent" => "tasks",
            "agent" => "agents",
            "host" => "hosts",
            "leases" => "lease",
            "cursor" => "next",
            "scope" => "scopes",
            "kind" => "kinds",
            "executor" => "executors",
            _ => name,
        };
        return _known.TryGetValue(about, out var list) && list.Count > 0 ? list[random.Next(list.Count)] : null;
    }
}
