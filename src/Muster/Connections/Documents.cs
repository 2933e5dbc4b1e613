using System.Text.Json;
using Muster.Contracts;

namespace Muster.Connections;

/// <summary>Looks into JSON that no type was made of. What is missing, or of another kind, is empty, null or nought.</summary>
internal static class Documents
{
    public static string? Text(this JsonElement at, string name) => at.Of(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static double Number(this JsonElement at, string name) => at.Of(name) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : 0;

    public static bool True(this JsonElement at, string name) => at.Of(name).ValueKind == JsonValueKind.True;

    public static JsonElement[] Items(this JsonElement at, string name)
    {
        var list = at.Of(name);
        if (list.ValueKind != JsonValueKind.Array) return [];
        var items = new JsonElement[list.GetArrayLength()];
        for (var i = 0; i < items.Length; i++) items[i] = list[i];
        return items;
    }

    public static T As<T>(this JsonElement at) => at.Deserialize<T>(Wire.Json)!;

    /// <summary>The type made of it if it has that property, else null.</summary>
    public static T? As<T>(this JsonElement at, string having)
        where T : class => at.TryGetProperty(having, out _) ? at.As<T>() : null;

    private static JsonElement Of(this JsonElement at, string name) => at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out var value) ? value : default;
}
