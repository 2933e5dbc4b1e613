using System.Text;

namespace Muster.Terminals;

/// <summary>
/// Text from agents and repositories, made harmless for a terminal: an agent's output must not move the cursor, change
/// the window's title or hide what it did.
/// </summary>
internal static class Plain
{
    /// <summary>One line: everything that is no visible character becomes a space or goes.</summary>
    public static string Line(string? text) => Clean(text, keepLines: false).Trim();

    /// <summary>Several lines: line ends and tabs stay.</summary>
    public static string Lines(string? text) => Clean(text, keepLines: true);

    /// <summary>At most <paramref name="width"/> characters, with an ellipsis where something was cut.</summary>
    public static string Fit(string? text, int width)
    {
        var line = Line(text);
        return line.Length <= width ? line : string.Concat(line.AsSpan(0, Math.Max(0, width - 1)), "…");
    }

    private static string Clean(string? text, bool keepLines)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var clean = new StringBuilder(text.Length);
        for (var index = 0; index < text.Length; index++)
        {
            var letter = text[index];
            if (letter == '\u001b') index = EndOfSequence(text, index);
            else if (letter is '\n' or '\t') clean.Append(keepLines ? letter : ' ');
            else if (!IsControl(letter)) clean.Append(letter);
        }

        return clean.ToString();
    }

    // C0, delete, C1, and the marks that turn the direction of writing, which can make one command look like another.
    private static bool IsControl(char letter) =>
        char.IsControl(letter) || letter is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200e' or '\u200f' or '\u2028' or '\u2029';

    // CSI ends with a letter, OSC and its like with BEL or ESC \; anything else is two characters long.
    private static int EndOfSequence(string text, int start)
    {
        var index = start + 1;
        if (index >= text.Length) return start;
        switch (text[index])
        {
            case '[':
                for (index++; index < text.Length && text[index] is >= ' ' and <= '?'; index++)
                {
                }

                return Math.Min(index, text.Length - 1);
            case ']' or 'P' or '_' or '^' or 'X':
                for (index++; index < text.Length; index++)
                {
                    if (text[index] == '\a') return index;
                    if (text[index] == '\u001b' && index + 1 < text.Length && text[index + 1] == '\\') return index + 1;
                    if (text[index] == '\n') return index - 1;
                }

                return text.Length - 1;
            default:
                return index;
        }
    }
}
