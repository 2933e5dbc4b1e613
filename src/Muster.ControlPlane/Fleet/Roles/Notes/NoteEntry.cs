using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Conversations;
using Muster.ControlPlane.Models.Recording;

namespace Muster.ControlPlane.Fleet.Roles.Notes;

/// <summary>
/// One line of a role's notes. What an agent wrote carries its evidence in a comment behind it; a line without one is a person's.
/// Text is data: one line, bounded, without secrets, and no character of it is markup.
/// </summary>
internal sealed partial record NoteEntry(string Text, string? Evidence = null, int Again = 0, DateOnly? Last = null)
{
    public const int MostCharacters = 300;

    private static readonly SecretText Secrets = new([]);

    /// <summary>A lesson as it may be kept; null when nothing is left of it.</summary>
    public static NoteEntry? Of(string lesson, string evidence, DateOnly day)
    {
        // Cut first: what is looked through for secrets is bounded, whatever came.
        var text = Clean(Wording.Line(lesson.Length > 8 * MostCharacters ? lesson[..(8 * MostCharacters)] : lesson, 4 * MostCharacters));
        text = Wording.Line(text.TrimStart('-', '*', '#', ' '), MostCharacters);
        return Words(text).Count == 0 ? null : new NoteEntry(text, Plain(evidence), 0, day);
    }

    /// <summary>Reads a line of the file; null for one that is no entry.</summary>
    public static NoteEntry? Read(string line)
    {
        if (!line.StartsWith("- ", StringComparison.Ordinal)) return null;
        var match = Written().Match(line);
        if (!match.Success || !DateOnly.TryParseExact(match.Groups["last"].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var last)) return Wording.Line(Clean(WebUtility.HtmlDecode(line[2..])), 2 * MostCharacters) is { Length: > 0 } text ? new NoteEntry(text) : null;
        return new NoteEntry(
            Wording.Line(Clean(WebUtility.HtmlDecode(match.Groups["text"].Value)), MostCharacters),
            match.Groups["evidence"].Value,
            int.TryParse(match.Groups["again"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var again) ? again : 0,
            last);
    }

    public string Write() => Evidence is null ? $"- {Escape(Text)}" : string.Create(CultureInfo.InvariantCulture, $"- {Escape(Text)} <!-- {Evidence}; again {Again}, {Last:yyyy-MM-dd} -->");

    public RoleNote ToNote(int number) => new() { Number = number, Text = Text, Evidence = Evidence, Again = Again };

    /// <summary>Whether two say the same: four fifths of their words are shared.</summary>
    public bool SaysTheSameAs(NoteEntry other)
    {
        var (mine, theirs) = (Words(Text), Words(other.Text));
        var shared = mine.Intersect(theirs).Count();
        return shared > 0 && shared * 5 >= (mine.Count + theirs.Count - shared) * 4;
    }

    private static string Clean(string text) => Said().Replace(Secrets.Remove(text), m => m.Groups["name"].Value + SecretText.Removed);

    private static HashSet<string> Words(string text) => [.. WordPattern().Matches(text.ToLowerInvariant()).Select(m => m.Value)];

    private static string Plain(string evidence) => new([.. evidence.Where(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or ',' or '-')]);

    private static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    [GeneratedRegex(@"^- (?<text>.*) <!-- (?<evidence>[A-Za-z0-9 ,-]{1,200}); again (?<again>[0-9]{1,6}), (?<last>[0-9]{4}-[0-9]{2}-[0-9]{2}) -->$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Written();

    // "the password is ...", "api_key=...".
    [GeneratedRegex(@"(?<name>(password|passwd|passphrase|secret|api[ _-]?key|token)\s{0,3}(is|[:=])\s{0,3})\S{4,}", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Said();

    [GeneratedRegex(@"[\p{L}\p{N}_]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WordPattern();
}
