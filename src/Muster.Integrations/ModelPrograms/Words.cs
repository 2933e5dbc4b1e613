using System.Text.Json;
using Muster.ControlPlane.Models.Calling;

namespace Muster.Integrations.ModelPrograms;

/// <summary>Programs say in words what a server says by its status.</summary>
internal static class Words
{
    public static TokenCounts None { get; } = new(0, 0);

    /// <summary>The status that a server would have answered with.</summary>
    public static int Status(string text)
    {
        if (Has(text, "login", "log in", "sign in", "api key", "authenticat", "unauthorized", "401")) return 401;
        if (Has(text, "limit reached", "usage limit", "rate limit", "too many requests", "429")) return 429;
        return Has(text, "credit balance", "quota", "billing") ? 402 : 502;
    }

    /// <summary>The last thing that it complained of; what is said otherwise when it did not.</summary>
    public static string Last(ProgramAnswer said, string otherwise) =>
        (said.Error + "\n" + said.Output).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() is { } line ? line[..Math.Min(line.Length, 500)] : otherwise;

    public static long Number(JsonElement from, string name) =>
        from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out var value) && value.TryGetInt64(out var number) ? number : 0;

    private static bool Has(string text, params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
            if (text.Contains(word, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
