using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Kit.Diffs;

/// <summary>What somebody said at a place of a change.</summary>
/// <param name="Path">The file.</param>
/// <param name="Line">Its line as it is now; null for the file as a whole.</param>
/// <param name="Author">Who.</param>
/// <param name="At">When.</param>
/// <param name="Sha">Of which commit; null for the one that is shown.</param>
/// <param name="Text">What.</param>
public sealed record DiffNote(string Path, int? Line, string Author, DateTimeOffset At, string? Sha, string Text);

/// <summary>A comment that is being written at a line: part of the form that asks for changes.</summary>
public sealed record LineDraft(string Path, int Line, string? Text)
{
    /// <summary>Most that a page holds open, and that are sent at once.</summary>
    public const int Most = 100;

    private const string Prefix = "at:";

    /// <summary>Its place in one word, as an address names it.</summary>
    public string Place => string.Create(CultureInfo.InvariantCulture, $"{Line}:{Path}");

    public string Field => Prefix + Place;

    /// <summary>Those that the address opens, and those of a form that could not be taken.</summary>
    public static IReadOnlyList<LineDraft> Of(PageContext page)
    {
        var typed = Sent(page.Failure?.Values ?? new Dictionary<string, string>());
        var opened = QueryHelpers.ParseQuery(page.Query.Value).TryGetValue("at", out var places) ? places.OfType<string>().Select(p => Parse(p, null)).OfType<LineDraft>() : [];
        return [.. typed.Concat(opened).DistinctBy(d => d.Place, StringComparer.Ordinal).Take(Most)];
    }

    /// <summary>Those that a form brings.</summary>
    public static IEnumerable<LineDraft> Sent(IEnumerable<KeyValuePair<string, string>> fields) =>
        fields.Where(f => f.Key.StartsWith(Prefix, StringComparison.Ordinal)).Select(f => Parse(f.Key[Prefix.Length..], f.Value)).OfType<LineDraft>();

    private static LineDraft? Parse(string place, string? text) =>
        place.Split(':', 2) is [var number, { Length: > 0 and <= 1000 } path] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var line) && line > 0 ? new LineDraft(path, line, text) : null;
}
