using System.Globalization;
using System.Text;

namespace Muster.ControlPlane.Conversations;

/// <summary>Text of people and models, made short and harmless: no control characters, no marks that turn the direction of writing. Pure.</summary>
internal static class Wording
{
    /// <summary>One line of at most <paramref name="max"/> characters.</summary>
    public static string Line(string? text, int max) => Cut(Clean(text, keepLines: false), max);

    /// <summary>At most <paramref name="lines"/> lines of at most <paramref name="width"/> characters.</summary>
    public static string Block(string? text, int lines, int width) =>
        string.Join('\n', Clean(text, keepLines: true).Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0).Take(lines).Select(l => Cut(l, width)));

    /// <summary>Text as it is, without what does not show.</summary>
    public static string Lines(string? text, int max) => Cut(Clean(text, keepLines: true), max);

    /// <summary>Whether something in it does not show, or shows as something else.</summary>
    public static bool IsPlain(string text, bool lines)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (lines && text[i] is '\n' or '\t' or '\r') continue;
            if (char.IsSurrogate(text[i]) && (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[++i]))) return false;
            if (Hides(text[i])) return false;
        }

        return true;
    }

    private static string Clean(string? text, bool keepLines)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '\n' or '\t') clean.Append(keepLines ? (char)rune.Value : ' ');
            else if (!rune.IsBmp || !Hides((char)rune.Value)) clean.Append(rune);
        }

        return clean.ToString().Trim();
    }

    private static bool Hides(char letter) =>
        char.IsControl(letter) || char.GetUnicodeCategory(letter) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse;

    private static string Cut(string text, int max)
    {
        if (text.Length <= max) return text;
        var end = char.IsHighSurrogate(text[max - 2]) ? max - 2 : max - 1;
        return text[..end] + "…";
    }
}
