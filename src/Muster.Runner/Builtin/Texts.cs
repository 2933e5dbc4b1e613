using System.Text;

namespace Muster.Runner.Builtin;

/// <summary>Text from models and programs, made fit to be cut and kept.</summary>
internal static class Texts
{
    /// <summary>At most so many characters and a mark that there were more; never half of a pair.</summary>
    public static string Cut(string text, int length, string mark = "...")
    {
        if (text.Length <= length) return text;
        var end = length > 0 && char.IsHighSurrogate(text[length - 1]) ? length - 1 : length;
        return string.Concat(text.AsSpan(0, end), mark);
    }

    /// <summary>The same, and how many are missing.</summary>
    public static string CutCounted(string text, int length, string hint = "") => Cut(text, length, $" ... ({text.Length - length} more characters{hint})");

    /// <summary>In one line.</summary>
    public static string Line(string text, int length) => Cut(text.ReplaceLineEndings(" ").Trim(), length);

    /// <summary>Without control characters, but for line feeds and tabs, and without halves of pairs.</summary>
    public static string Plain(string text)
    {
        if (text.All(c => !char.IsSurrogate(c) && !IsUnwanted(c))) return text;
        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!rune.IsBmp || !IsUnwanted((char)rune.Value)) plain.Append(rune);
        }

        return plain.ToString();
    }

    private static bool IsUnwanted(char c) => char.IsControl(c) && c is not ('\n' or '\t');
}
