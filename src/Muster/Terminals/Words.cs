namespace Muster.Terminals;

/// <summary>Short forms for people.</summary>
internal static class Words
{
    public static string Sha(string? sha) => sha is { Length: > 10 } ? sha[..10] : sha ?? "";

    public static string Ago(DateTimeOffset? time) => time is { } at ? Span(DateTimeOffset.UtcNow - at) + " ago" : "never";

    public static string Span(TimeSpan span) => span switch
    {
        { TotalSeconds: < 0 } => "0 s",
        { TotalSeconds: < 100 } => $"{span.TotalSeconds:0} s",
        { TotalMinutes: < 100 } => $"{span.TotalMinutes:0} min",
        { TotalHours: < 48 } => $"{span.TotalHours:0} h",
        _ => $"{span.TotalDays:0} days",
    };

    public static string Count(int number, string one, string? many = null) => number == 1 ? $"1 {one}" : $"{number} {many ?? one + "s"}";

    public static string Bytes(long bytes) => bytes >= 1L << 30 ? $"{bytes / (double)(1L << 30):0.#} GiB" : $"{bytes / (double)(1L << 20):0} MiB";

    /// <summary>The mark that every replay of a recording carries.</summary>
    public static string Rehearsal(bool rehearsal) => rehearsal ? "rehearsal" : "";
}
