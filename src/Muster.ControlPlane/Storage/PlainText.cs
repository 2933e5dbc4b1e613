using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Muster.ControlPlane.Storage;

/// <summary>Text as every engine takes it: no NUL, no half of a surrogate pair. What agents print may hold either.</summary>
public static class PlainText
{
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Clean(string? text)
    {
        if (text is null || (!text.Contains('\0') && text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff') < 0)) return text;
        var clean = new StringBuilder(text.Length);
        // Halves of pairs come out as the replacement character.
        foreach (var rune in text.EnumerateRunes()) clean.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        return clean.ToString();
    }
}
