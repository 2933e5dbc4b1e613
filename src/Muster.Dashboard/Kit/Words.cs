using System.Globalization;

namespace Muster.Dashboard.Kit;

/// <summary>Short forms for people.</summary>
internal static class Words
{
    public static string Sha(string? sha) => sha is { Length: > 8 } ? sha[..8] : sha ?? "";

    public static string Count(long number, string one, string? many = null) => string.Create(CultureInfo.InvariantCulture, $"{number:N0} {(number == 1 ? one : many ?? one + "s")}");

    public static string Number(long number) => number switch
    {
        >= 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{number / 1_000_000.0:0} M"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{number / 1_000_000.0:0.0} M"),
        >= 100_000 => string.Create(CultureInfo.InvariantCulture, $"{number / 1000.0:0} k"),
        _ => number.ToString("N0", CultureInfo.InvariantCulture),
    };

    public static string Money(double usd) => usd switch
    {
        0 => "$0",
        < 0.01 => "< $0.01",
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"${usd:0.00}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"${usd:N0}"),
    };

    public static string Hours(double hours) => string.Create(CultureInfo.InvariantCulture, $"{hours:0.#} h");

    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share:0}%");

    public static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.#} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.#} MiB"),
        >= 1L << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0} KiB"),
        _ => $"{bytes} B",
    };

    public static string Span(TimeSpan span) => span switch
    {
        { TotalSeconds: < 0.5 } => "0 s",
        { TotalSeconds: < 100 } => $"{span.TotalSeconds:0} s",
        { TotalMinutes: < 100 } => $"{span.TotalMinutes:0} min",
        { TotalHours: < 48 } => $"{span.TotalHours:0} h",
        _ => $"{span.TotalDays:0} days",
    };

    public static string Ago(DateTimeOffset at, DateTimeOffset now) => (now - at) switch
    {
        { TotalSeconds: <= -5 } ahead => "in " + Span(-ahead),
        { TotalSeconds: < 0 } => "in a moment",
        { TotalSeconds: < 5 } => "just now",
        var gone => Span(gone) + " ago",
    };

    /// <summary>A name as it is stored, for people: <c>in_progress</c> is in progress.</summary>
    public static string Spoken(string code) => code.Replace('_', ' ');

    /// <summary>What a page says beside its buttons: what is said for a terminal ends before the commands.</summary>
    public static string WithoutCommands(string text)
    {
        var command = text.IndexOf("`muster ", StringComparison.Ordinal);
        if (command < 0) return text;
        var end = Math.Max(Before(". "), Math.Max(Before("; "), Before(": ")));
        return end < 0 ? text : text[..end] + (text[end] == '.' ? "." : "");

        int Before(string mark) => text.LastIndexOf(mark, command, StringComparison.Ordinal);
    }

    /// <summary>The first letter in capital.</summary>
    public static string Sentence(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
