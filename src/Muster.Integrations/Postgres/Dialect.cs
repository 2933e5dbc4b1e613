using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Muster.Integrations.Postgres;

/// <summary>
/// What PostgreSQL says differently. The plane's SQL is one text for both engines, in their common subset; these are the
/// only places where that subset has two spellings.
/// </summary>
internal static partial class Dialect
{
    private static readonly ConcurrentDictionary<string, string> Translated = new(StringComparer.Ordinal);

    /// <summary>SQLite's LIKE does not look at the case of ASCII letters.</summary>
    public static string Translate(string sql) => Translated.Count > 5000 ? Like().Replace(sql, "ILIKE") : Translated.GetOrAdd(sql, static text => Like().Replace(text, "ILIKE"));

    /// <summary>Text is compared by bytes, as SQLite does: the same order of lists, and faster than by a language.</summary>
    public static string Schema(string sql) =>
        TextColumn().Replace(sql, "TEXT COLLATE \"C\"").Replace("INTEGER PRIMARY KEY", "BIGINT PRIMARY KEY", StringComparison.Ordinal);

    [GeneratedRegex(@"\bLIKE\b", RegexOptions.None, 1000)]
    private static partial Regex Like();

    [GeneratedRegex(@"\bTEXT\b", RegexOptions.None, 1000)]
    private static partial Regex TextColumn();
}
