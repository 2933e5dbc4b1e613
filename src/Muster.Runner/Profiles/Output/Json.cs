using System.Text.Json;
using System.Text.RegularExpressions;

namespace Muster.Runner.Profiles.Output;

/// <summary>Reads other people's JSON: what is missing or of another kind is simply not there.</summary>
internal static partial class Json
{
    public static JsonDocument? Parse(string line)
    {
        if (!line.StartsWith('{')) return null;
        try
        {
            return JsonDocument.Parse(line.Contains("\\ud", StringComparison.OrdinalIgnoreCase) ? HalfOfAPair().Replace(line, "\\ufffd") : line);
        }
        catch (JsonException)
        {
            // Cut off, or no JSON at all: the caller passes the line on as text.
            return null;
        }
    }

    // Programs cut texts amid a character of two halves, and print the half as an escape: JSON to whoever reads it, and no text to whoever asks for it.
    [GeneratedRegex(@"(?<=(?<!\\)(?:\\\\)*)(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})", RegexOptions.None, 1000)]
    private static partial Regex HalfOfAPair();

    public static JsonElement At(this JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element)) return default;
        }

        return element;
    }

    public static string Text(this JsonElement element, params ReadOnlySpan<string> path)
    {
        var at = element.At(path);
        return at.ValueKind == JsonValueKind.String ? at.GetString()! : "";
    }

    public static long Number(this JsonElement element, params ReadOnlySpan<string> path)
    {
        var at = element.At(path);
        return at.ValueKind == JsonValueKind.Number && at.TryGetInt64(out var number) ? number : 0;
    }

    public static bool True(this JsonElement element, params ReadOnlySpan<string> path) => element.At(path).ValueKind == JsonValueKind.True;

    public static IEnumerable<JsonElement> Items(this JsonElement element, params ReadOnlySpan<string> path)
    {
        var at = element.At(path);
        return at.ValueKind == JsonValueKind.Array ? at.EnumerateArray() : Enumerable.Empty<JsonElement>();
    }

    /// <summary>What a tool is used on, in a few words: the first of the usual arguments, else all of them.</summary>
    public static string Use(JsonElement input)
    {
        if (input.ValueKind != JsonValueKind.Object) return input.ValueKind == JsonValueKind.String ? input.GetString()! : "";
        foreach (var name in new[] { "command", "cmd", "file_path", "filePath", "path", "pattern", "query", "url", "description", "skill" })
        {
            if (input.Text(name) is { Length: > 0 } value) return value;
        }

        return input.GetRawText();
    }

    /// <summary>A list of points with a state each, as all of them keep one.</summary>
    public static void Points(ProgramReport report, IEnumerable<JsonElement> points)
    {
        var list = points.ToList();
        report.Progress(list.Count(point => point.Text("status") is "completed" or "done" || point.True("completed")), list.Count);
    }
}
