namespace Muster.ControlPlane.Events.Bus;

/// <summary>
/// Names of what messages are about: words between dots. A pattern may hold <c>*</c> for one word and, at its end,
/// <c>&gt;</c> for one or more. The same rules as NATS has, less its rarer characters.
/// </summary>
public static class Subjects
{
    public const int MaxLength = 255;
    public const string Rule = "A subject has 1 to 255 characters: words of letters, digits, '_', '-', '$', ':', '=', '@' or '+', with single dots between them.";
    public const string PatternRule = Rule + " A pattern may have '*' for any one word and, as its last word, '>' for all that follow.";

    /// <summary>Messages of agents among themselves stand under this and their project's key.</summary>
    public const string Agents = "agents";

    /// <summary>What the Chief of Staff is about to say of a goal: <c>goals.G-3.words</c>. The plane alone speaks there.</summary>
    public const string Goals = "goals";

    /// <summary>Where answers to requests go; each name is random, and knowing it is the right to answer.</summary>
    public const string Inbox = "_INBOX";

    /// <summary>Copies of committed events, for consumers outside the plane: <c>muster.events.task.completed</c>.</summary>
    public const string Events = "muster.events";

    public static bool IsSubject(string? text) => IsWords(text, patterns: false);

    public static bool IsPattern(string? text) => IsWords(text, patterns: true);

    public static bool HasWildcard(string pattern) => pattern.Contains('*', StringComparison.Ordinal) || pattern.EndsWith('>');

    private static bool IsWords(string? text, bool patterns)
    {
        if (text is not { Length: >= 1 and <= MaxLength }) return false;
        var left = text.AsSpan();
        while (true)
        {
            var dot = left.IndexOf('.');
            var word = dot < 0 ? left : left[..dot];
            var wild = patterns && (word is "*" || (word is ">" && dot < 0));
            if (!wild && !IsWord(word)) return false;
            if (dot < 0) return true;
            left = left[(dot + 1)..];
        }
    }

    private static bool IsWord(ReadOnlySpan<char> word)
    {
        foreach (var c in word)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '$' or ':' or '=' or '@' or '+')) return false;
        return word.Length > 0;
    }
}
