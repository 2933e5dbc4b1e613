using System.Text.Json.Nodes;

namespace Muster.Conformance.Models;

/// <summary>An Ollama's own state: what is installed, what is loaded, what it can pull.</summary>
public sealed class ScriptedOllama
{
    private readonly Lock _gate = new();
    private readonly SortedSet<string> _installed = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _loaded = new(StringComparer.Ordinal);
    private bool _strict;

    /// <summary>What a pull finds; null for everything.</summary>
    public IReadOnlySet<string>? Library { get; set; }

    public IReadOnlyList<string> Installed => Copy(_installed);

    public IReadOnlyList<string> Loaded => Copy(_loaded);

    /// <summary>From now on a model must be installed to be asked. Names without a tag get <c>:latest</c>.</summary>
    public void Install(params IEnumerable<string> models)
    {
        lock (_gate)
        {
            _strict = true;
            foreach (var model in models) _installed.Add(Tagged(model));
        }
    }

    public void Unload()
    {
        lock (_gate) _loaded.Clear();
    }

    internal bool Refuses(string model)
    {
        lock (_gate) return _strict && !_installed.Contains(Tagged(model));
    }

    internal void Load(string model)
    {
        lock (_gate)
        {
            if (_strict) _loaded.Add(Tagged(model));
        }
    }

    internal JsonObject? Answer(string path) => path switch
    {
        "/api/tags" => new JsonObject { ["models"] = List(Installed) },
        "/api/ps" => new JsonObject { ["models"] = List(Loaded) },
        "/api/version" => new JsonObject { ["version"] = "0.12.0" },
        _ => null,
    };

    internal IEnumerable<JsonObject> Pull(string model)
    {
        yield return new JsonObject { ["status"] = "pulling manifest" };
        if (model.Length == 0 || (Library is { } library && !library.Contains(model)))
        {
            yield return new JsonObject { ["error"] = "pull model manifest: file does not exist" };
            yield break;
        }

        foreach (var completed in new[] { 0, 500, 1000 })
            yield return new JsonObject { ["status"] = "pulling scripted", ["digest"] = "sha256:scripted", ["total"] = 1000, ["completed"] = completed };
        Install(model);
        yield return new JsonObject { ["status"] = "success" };
    }

    private IReadOnlyList<string> Copy(SortedSet<string> names)
    {
        lock (_gate) return [.. names];
    }

    private static string Tagged(string model) => model.Contains(':', StringComparison.Ordinal) ? model : model + ":latest";

    private static JsonArray List(IReadOnlyList<string> names) =>
        new([.. names.Select(name => (JsonNode)new JsonObject { ["name"] = name, ["model"] = name, ["size"] = 1000, ["size_vram"] = 1000, ["digest"] = "scripted", ["expires_at"] = "2030-01-01T00:00:00Z" })]);
}

internal static class ScriptedLists
{
    public static JsonObject Models(IReadOnlyList<string> names, bool anthropic) => anthropic
        ? new JsonObject
        {
            ["data"] = new JsonArray([.. names.Select(name => (JsonNode)new JsonObject { ["type"] = "model", ["id"] = name, ["display_name"] = name, ["created_at"] = "2026-01-01T00:00:00Z" })]),
            ["has_more"] = false,
            ["first_id"] = names.Count == 0 ? null : names[0],
            ["last_id"] = names.Count == 0 ? null : names[^1],
        }
        : new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray([.. names.Select(name => (JsonNode)new JsonObject { ["id"] = name, ["object"] = "model", ["created"] = 1_790_000_000, ["owned_by"] = "scripted" })]),
        };
}
