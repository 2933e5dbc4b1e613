using System.Globalization;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>When a provider that limits us says that it may be asked again. Each says it in its own way. Pure.</summary>
public static class ResetTimes
{
    /// <summary>What claims to last longer is believed for a day, then tried.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private static readonly string[] Resets =
    [
        "anthropic-ratelimit-requests-reset", "anthropic-ratelimit-tokens-reset", "anthropic-ratelimit-input-tokens-reset", "anthropic-ratelimit-output-tokens-reset", "anthropic-ratelimit-unified-reset",
        "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-ratelimit-reset",
    ];

    /// <param name="header">Gives a header's value; null when it is not there.</param>
    /// <param name="now">The time it came.</param>
    public static TimeSpan? Of(Func<string, string?> header, DateTimeOffset now)
    {
        if (Milliseconds(header("retry-after-ms")) is { } exact) return exact;
        if (Parse(header("retry-after"), now, isRetryAfter: true) is { } told) return told;
        // Of several limits only those that are used up hold us back; the header beside each says what remains.
        TimeSpan? longest = null;
        foreach (var name in Resets)
        {
            if (Parse(header(name), now, isRetryAfter: false) is not { } wait) continue;
            if (header(Remaining(name)) is { } remaining && double.TryParse(remaining, NumberStyles.Float, CultureInfo.InvariantCulture, out var left) && left > 0) continue;
            if (longest is null || wait > longest) longest = wait;
        }

        return longest;
    }

    private static string Remaining(string reset) => reset.StartsWith("anthropic", StringComparison.Ordinal) ? reset.Replace("-reset", "-remaining", StringComparison.Ordinal) : reset.Replace("reset", "remaining", StringComparison.Ordinal);

    private static TimeSpan? Milliseconds(string? text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? Bounded(number / 1000) : null;

    private static TimeSpan? Parse(string? text, DateTimeOffset now, bool isRetryAfter)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        text = text.Trim();
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            // A number is seconds; a large one is a time: seconds, or milliseconds, since 1970.
            if (isRetryAfter || number < 1e8) return Bounded(number);
            return Bounded((number > 1e11 ? number / 1000 : number) - now.ToUnixTimeMilliseconds() / 1000.0);
        }

        if (Span(text) is { } span) return span;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? Bounded((at - now).TotalSeconds) : null;
    }

    // As Groq and OpenAI write it: 1m26.4s, 120ms, 6h0m0s.
    private static TimeSpan? Span(string text)
    {
        var seconds = 0.0;
        for (var at = 0; at < text.Length;)
        {
            var start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.')) at++;
            if (!double.TryParse(text.AsSpan(start, at - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return null;
            var unit = at;
            while (at < text.Length && char.IsAsciiLetter(text[at])) at++;
            double? factor = text.AsSpan(unit, at - unit) switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, "d" => 86_400, _ => null };
            if (factor is null) return null;
            seconds += number * factor.Value;
        }

        return Bounded(seconds);
    }

    private static TimeSpan? Bounded(double seconds) => double.IsNaN(seconds) || double.IsInfinity(seconds) ? null : TimeSpan.FromSeconds(Math.Clamp(seconds, 0, Longest.TotalSeconds));
}
