using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Protocols;

/// <summary>Reading JSON whose shape nobody promises, and writing it.</summary>
internal static class WireJson
{
    /// <summary>Deep enough for the schemas of tools.</summary>
    public const int MaxDepth = 128;

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="ProtocolException">It is no JSON object.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new ProtocolException("The provider sent JSON that is no object.");
        }
        catch (JsonException)
        {
            throw new ProtocolException("The provider sent what is not JSON.");
        }
    }

    public static byte[] Bytes(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, Plain)) node.WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="ProtocolException">It is nested too deeply.</exception>
    public static JsonElement Element(JsonNode node)
    {
        try
        {
            using var document = JsonDocument.Parse(Bytes(node), new JsonDocumentOptions { MaxDepth = MaxDepth });
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw new ProtocolException($"The request is nested deeper than {MaxDepth} levels, which this route's provider cannot be given.");
        }
    }

    /// <summary>A server-sent event.</summary>
    public static byte[] Event(string? name, JsonNode data) =>
        [.. name is null ? [] : Encoding.UTF8.GetBytes($"event: {name}\n"), .. "data: "u8, .. Bytes(data), .. "\n\n"u8];

    /// <summary>The member; null when it is missing, null, or this is no object.</summary>
    public static JsonElement? Get(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static JsonElement? Get(this JsonElement? element, string name) => element?.Get(name);

    public static string? Text(this JsonElement element, string name) => element.Get(name) is { ValueKind: JsonValueKind.String } value ? Unquoted(value) : null;

    public static string? Text(this JsonElement? element, string name) => element?.Text(name);

    /// <summary>A string's text. One that is no text (a lone surrogate) is taken with replacements.</summary>
    public static string? AsText(this JsonElement? element) => element is { ValueKind: JsonValueKind.String } value ? Unquoted(value) : null;

    public static long? Whole(this JsonElement element, string name) =>
        element.Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) && Math.Abs(number) < 1e15 ? (long)number : null;

    public static long? Whole(this JsonElement? element, string name) => element?.Whole(name);

    /// <summary>A count: nobody takes less than nothing, or more than there is.</summary>
    public static long? Count(this JsonElement element, string name) => element.Whole(name) is { } number ? Math.Clamp(number, 0, 1_000_000_000_000) : null;

    public static long? Count(this JsonElement? element, string name) => element?.Count(name);

    public static double? Number(this JsonElement element, string name) =>
        element.Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : null;

    public static bool? Flag(this JsonElement element, string name) => element.Get(name)?.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null };

    /// <summary>The entries; none when it is missing or no list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) => element.Get(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    /// <summary>A copy as a node; null when missing.</summary>
    public static JsonNode? Node(this JsonElement? element) => element is { } value ? Node(value) : null;

    public static JsonNode? Node(this JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(element),
        JsonValueKind.Array => JsonArray.Create(element),
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        _ => JsonValue.Create(element),
    };

    /// <summary>Arguments as an object. What a model wrote that is none is kept, under a name that says so.</summary>
    public static JsonObject Arguments(string json)
    {
        if (string.IsNullOrWhiteSpace(json)) return [];
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind == JsonValueKind.Object) return JsonObject.Create(document.RootElement.Clone())!;
        }
        catch (JsonException)
        {
            // A model may stop in the middle of its arguments; the caller's next request holds what it wrote.
        }

        return new JsonObject { ["_unreadable"] = json };
    }

    public static JsonObject Without(this JsonObject body, params ReadOnlySpan<string> names)
    {
        foreach (var name in names) body.Remove(name);
        return body;
    }

    // A copy of the object's own members; what lies below is copied as it is met.
    public static JsonObject Copy(JsonObject body) => body.DeepClone().AsObject();

    public static string? Text(this JsonObject body, string name) => body[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static bool IsTrue(this JsonObject body, string name) => body[name] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    public static int? Limit(this JsonObject body, string name) =>
        body[name] is JsonValue value && value.TryGetValue<double>(out var number) && number is > 0 and < int.MaxValue ? (int)number : null;

    public static void Set(this JsonObject body, string name, JsonNode? value)
    {
        if (value is not null) body[name] = value;
    }

    private static string Unquoted(JsonElement value)
    {
        try
        {
            return value.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD";
        }
    }
}
