using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Muster.Proof.Fuzz;

/// <summary>What the plane says of its own API, as the fuzzer needs it.</summary>
internal sealed partial class ApiDocument(JsonNode document)
{
    public IReadOnlyList<Operation> Operations { get; } =
    [
        .. from path in document["paths"]!.AsObject()
           from operation in path.Value!.AsObject()
           select new Operation(operation.Key.ToUpperInvariant(), path.Key, operation.Value!),
    ];

    /// <summary>The schema behind a reference, or the schema itself.</summary>
    public JsonNode Resolve(JsonNode schema)
    {
        while (schema["$ref"] is { } reference) schema = document["components"]!["schemas"]![reference.GetValue<string>().Split('/')[^1]]!;
        return schema;
    }

    [GeneratedRegex(@"Scopes: (?<scopes>[\w, ]+)\.", RegexOptions.ExplicitCapture, 1000)]
    internal static partial Regex Scopes();
}

/// <summary>One operation.</summary>
internal sealed class Operation(string method, string path, JsonNode node)
{
    public string Method { get; } = method;
    public string Path { get; } = path;
    public string Id { get; } = node["operationId"]!.GetValue<string>();

    /// <summary>Which scopes may call it; null when anybody may.</summary>
    public IReadOnlyList<string>? Scopes { get; } =
        ApiDocument.Scopes().Match(node["description"]?.GetValue<string>() ?? "") is { Success: true } match ? match.Groups["scopes"].Value.Split(", ") : null;

    public IReadOnlyList<(string Name, string In, JsonNode Schema)> Parameters { get; } =
        [.. (node["parameters"]?.AsArray() ?? []).Select(p => (p!["name"]!.GetValue<string>(), p["in"]!.GetValue<string>(), p["schema"] ?? new JsonObject()))];

    public JsonNode? Body { get; } = node["requestBody"]?["content"]?["application/json"]?["schema"];

    public bool TakesBytes { get; } = node["requestBody"]?["content"]?["*/*"] is not null;

    /// <summary>Declared answers; the schema is null where the body is not JSON.</summary>
    public IReadOnlyDictionary<int, JsonNode?> Answers { get; } =
        node["responses"]!.AsObject().ToDictionary(r => int.Parse(r.Key), r => r.Value?["content"]?["application/json"]?["schema"]);
}
