using System.Text;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>What a person's keyboard, editor and word processor do to plain text, undone.</summary>
internal static class PlanText
{
    private const int ExcerptLength = 120;

    public static bool IsDash(char c) =>
        c is '-' or (>= '\u2010' and <= '\u2015') or '\u2212' or '\ufe58' or '\ufe63' or '\uff0d';

    /// <summary>
    /// Without control and direction-changing characters, which have no place in a title and can forge what a terminal
    /// shows; every kind of space becomes one space.
    /// </summary>
    public static string Clean(ReadOnlySpan<char> text, bool keepSpaces = false)
    {
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsWhiteSpace(c))
            {
                if (keepSpaces || (clean.Length > 0 && clean[^1] != ' ')) clean.Append(' ');
            }
            else if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                clean.Append(c).Append(text[++i]);
            }
            else if (char.IsSurrogate(c))
            {
                clean.Append('\ufffd');
            }
            else if (!IsInvisible(c))
            {
                clean.Append(c);
            }
        }
        return clean.ToString().TrimEnd();
    }

    /// <summary>Without the stars of bold text; a lone pair of stars, as in a file pattern, stays.</summary>
    public static string WithoutBold(string text)
    {
        if (!text.Contains("**", StringComparison.Ordinal)) return text;
        var plain = new StringBuilder(text.Length);
        var open = -1;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '*' && i + 1 < text.Length && text[i + 1] == '*')
            {
                var before = i == 0 ? ' ' : text[i - 1];
                var after = i + 2 < text.Length ? text[i + 2] : ' ';
                if (open >= 0 && before != ' ')
                {
                    plain.Remove(open, 2);
                    open = -1;
                    i++;
                    continue;
                }
                if (open < 0 && after != ' ' && !char.IsLetterOrDigit(before)) open = plain.Length;
                plain.Append("**");
                i++;
                continue;
            }
            plain.Append(text[i]);
        }
        return plain.ToString();
    }

    public static string Excerpt(string text) => text.Length <= ExcerptLength ? text : string.Concat(text.AsSpan(0, ExcerptLength - 3), "...");

    private static bool IsInvisible(char c) =>
        char.IsControl(c) || c is '\u200b' or '\u200e' or '\u200f' or '\u2060' or '\ufeff' or '\ufe0f'
            or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
