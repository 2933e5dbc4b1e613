using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.Proof.Fuzz;

/// <summary>Whether a value is what the document declares: the part of JSON Schema that the document uses, strictly.</summary>
internal static class SchemaCheck
{
    /// <summary>Null when it fits; otherwise where and why not.</summary>
    public static string? Fault(ApiDocument document, JsonNode schema, JsonNode? value, string at = "$")
    {
        if (schema["oneOf"] is JsonArray choices) return choices.Any(c => Fault(document, c!, value, at) is null) ? null : $"{at} fits none of its alternatives";
        schema = document.Resolve(schema);
        if (schema["oneOf"] is JsonArray) return Fault(document, schema, value, at);
        var types = Types(schema);
        if (types.Count == 0) return null;
        var kind = value?.GetValueKind() ?? JsonValueKind.Null;
        return kind switch
        {
            JsonValueKind.Null => types.Contains("null") ? null : $"{at} is null and must not be",
            JsonValueKind.Object => types.Contains("object") ? Members(document, schema, value!.AsObject(), at) : Wrong(),
            JsonValueKind.Array => types.Contains("array") ? Items(document, schema, value!.AsArray(), at) : Wrong(),
            JsonValueKind.String => types.Contains("string") ? Format(schema, value!.GetValue<string>(), at) : Wrong(),
            JsonValueKind.Number => types.Contains("number") || types.Contains("integer") && IsWhole(value!) ? null : Wrong(),
            _ => types.Contains("boolean") ? null : Wrong(),
        };

        string Wrong() => $"{at} is {kind} and must be {string.Join(" or ", types)}";
    }

    public static IReadOnlyList<string> Types(JsonNode schema) => schema["type"] switch
    {
        JsonArray many => [.. many.Select(t => t!.GetValue<string>())],
        { } one => [one.GetValue<string>()],
        null => schema["properties"] is null ? [] : ["object"],
    };

    private static string? Members(ApiDocument document, JsonNode schema, JsonObject value, string at)
    {
        if (schema["required"] is JsonArray required && required.FirstOrDefault(r => !value.ContainsKey(r!.GetValue<string>())) is { } missing) return $"{at}.{missing} is missing";
        var known = schema["properties"] as JsonObject;
        foreach (var (name, member) in value)
        {
            var declared = known?[name] ?? schema["additionalProperties"];
            if (declared is null or JsonValue) return $"{at}.{name} is not in the document";
            if (Fault(document, declared, member, $"{at}.{name}") is { } fault) return fault;
        }

        return null;
    }

    private static string? Items(ApiDocument document, JsonNode schema, JsonArray value, string at) =>
        schema["items"] is { } items ? value.Select((item, i) => Fault(document, items, item, $"{at}[{i}]")).FirstOrDefault(f => f is not null) : null;

    private static string? Format(JsonNode schema, string text, string at) =>
        schema["format"]?.GetValue<string>() == "date-time" && !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out _) ? $"{at} is no time: {text}" : null;

    private static bool IsWhole(JsonNode value) => value.ToJsonString().All(c => char.IsAsciiDigit(c) || c == '-');
}
