using System.Text;

namespace Muster.Dashboard.Kit;

/// <summary>
/// Text from agents, repositories and people, made fit to be shown: bounded, and without what is no text, such as control
/// codes and marks that turn the direction of writing. Markup in it is escaped by whoever renders it.
/// </summary>
internal static class Clean
{
    public const int LineLimit = 300;
    public const int BlockLimit = 20_000;

    /// <summary>One line of at most so many characters.</summary>
    public static string Line(string? text, int limit = LineLimit) => Text(text, limit, keepLines: false).Trim();

    /// <summary>Several lines.</summary>
    public static string Block(string? text, int limit = BlockLimit) => Text(text, limit, keepLines: true);

    public static bool IsPlain(char letter) =>
        !char.IsControl(letter) && letter is not ((>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200e' or '\u200f' or '\u2028' or '\u2029' or '\ufeff');

    private static string Text(string? text, int limit, bool keepLines)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var clean = new StringBuilder(Math.Min(text.Length, limit));
        foreach (var letter in text)
        {
            if (clean.Length >= limit)
            {
                // Half a pair is no letter.
                if (clean.Length > 0 && char.IsHighSurrogate(clean[^1])) clean.Length--;
                return clean.Append('…').ToString();
            }

            if (letter is '\n' or '\t') clean.Append(keepLines ? letter : ' ');
            else if (IsPlain(letter)) clean.Append(letter);
        }

        return clean.ToString();
    }
}
