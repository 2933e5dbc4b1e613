using System.Globalization;
using System.Net;
using System.Text;

namespace Muster.Dashboard.Kit;

/// <summary>
/// A terminal's output as markup: colours become classes, everything else that a terminal would obey is dropped, and every
/// letter is escaped. Lines are bounded: what no eye reads is not sent.
/// </summary>
internal static class Ansi
{
    private const int LongestLine = 4000;

    public static MarkupString ToMarkup(string text)
    {
        var html = new StringBuilder(text.Length + (text.Length / 8));
        var style = default(Style);
        foreach (var line in text.Split('\n'))
        {
            Append(html, line.EndsWith('\r') ? line.AsSpan(0, line.Length - 1) : line.AsSpan(), ref style);
            html.Append('\n');
        }

        if (html.Length > 0) html.Length--;
        return new MarkupString(html.ToString());
    }

    private static void Append(StringBuilder html, ReadOnlySpan<char> line, ref Style style)
    {
        var cut = line.Length > LongestLine;
        var rest = cut ? line.Length - LongestLine : 0;
        if (cut) line = line[..LongestLine];
        // A carriage return writes over what stands there: the last writing is what a terminal shows.
        if (line.LastIndexOf('\r') is >= 0 and var back) line = line[(back + 1)..];
        var plain = new StringBuilder();
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] != '\u001b')
            {
                if (Clean.IsPlain(line[i]) || line[i] == '\t') plain.Append(line[i]);
                continue;
            }

            var end = End(line, i);
            if (end < line.Length && line[end] == 'm' && i + 1 < line.Length && line[i + 1] == '[')
            {
                Flush(html, plain, style);
                style = style.With(line[(i + 2)..end]);
            }

            i = end;
        }

        Flush(html, plain, style);
        if (cut) html.Append(CultureInfo.InvariantCulture, $"<span class=\"cut\">… {rest:N0} more characters</span>");
    }

    private static void Flush(StringBuilder html, StringBuilder plain, Style style)
    {
        if (plain.Length == 0) return;
        var text = WebUtility.HtmlEncode(plain.ToString());
        plain.Clear();
        var names = style.Names();
        if (names.Length == 0) html.Append(text);
        else html.Append("<span class=\"").Append(names).Append("\">").Append(text).Append("</span>");
    }

    // CSI ends with a letter; OSC and its like with BEL or ESC \; anything else is two characters long.
    private static int End(ReadOnlySpan<char> line, int start)
    {
        var i = start + 1;
        if (i >= line.Length) return start;
        if (line[i] == '[')
        {
            for (i++; i < line.Length && line[i] is >= ' ' and <= '?'; i++)
            {
            }

            return Math.Min(i, line.Length - 1);
        }

        if (line[i] is not (']' or 'P' or '_' or '^' or 'X')) return i;
        for (i++; i < line.Length; i++)
        {
            if (line[i] == '\a') return i;
            if (line[i] == '\u001b' && i + 1 < line.Length && line[i + 1] == '\\') return i + 1;
        }

        return line.Length - 1;
    }

    private readonly record struct Style(int? Ink, bool Bold, bool Faint)
    {
        public Style With(ReadOnlySpan<char> codes)
        {
            var style = this;
            var parts = codes.ToString().Split(';');
            for (var i = 0; i < parts.Length && i < 20; i++)
            {
                if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out var code)) code = 0;
                // Colours out of a larger palette are left as they are: the sixteen that everybody has suffice for reading.
                if (code is 38 or 48)
                {
                    i += i + 1 < parts.Length && parts[i + 1] == "2" ? 4 : 2;
                    continue;
                }

                style = code switch
                {
                    0 => default,
                    1 => style with { Bold = true },
                    2 => style with { Faint = true },
                    22 => style with { Bold = false, Faint = false },
                    >= 30 and <= 37 => style with { Ink = code - 30 },
                    39 => style with { Ink = null },
                    >= 90 and <= 97 => style with { Ink = code - 90 },
                    _ => style,
                };
            }

            return style;
        }

        public string Names() => string.Join(' ', new[] { Ink is { } ink ? $"a{ink}" : null, Bold ? "ab" : null, Faint ? "af" : null }.Where(n => n is not null));
    }
}
