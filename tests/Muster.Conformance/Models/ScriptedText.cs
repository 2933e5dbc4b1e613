using System.Text.Json.Nodes;

namespace Muster.Conformance.Models;

/// <summary>Reads what all protocols write in the same few ways.</summary>
internal static class ScriptedText
{
    /// <summary>Text of a content that is a string or a list of parts, of which those with text count.</summary>
    public static string Of(JsonNode? content) => content switch
    {
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonArray parts => string.Join('\n', parts.Select(Of).Where(text => text.Length > 0)),
        JsonObject part when part["type"]?.GetValue<string>() is "tool_use" or "tool_result" => "",
        JsonObject part => Of(part["text"] ?? part["content"]),
        _ => "",
    };

    public static string String(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    public static IEnumerable<JsonObject> Objects(JsonNode? node) => node is JsonArray array ? array.OfType<JsonObject>() : [];

    public static bool True(JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var yes) && yes;

    /// <summary>As many as there are four characters; the same for the same text everywhere.</summary>
    public static long Tokens(string text) => (text.Length + 3) / 4;
}
