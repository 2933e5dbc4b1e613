namespace Muster.ControlPlane.Work.Plans;

internal enum Mark
{
    None,
    Open,
    InProgress,
    Done,

    /// <summary>A box with something in it that nobody agreed on.</summary>
    Unknown,
}

/// <summary>Boxes, ticks and words that say how far an issue is.</summary>
internal static class Marks
{
    private const int LongestMark = 32;
    private static readonly string[] Ticks = ["\u2705", "\u2714", "\u2713", "\u2611", "\U0001F5F8", ":white_check_mark:", ":heavy_check_mark:"];
    private static readonly string[] Open = ["\u2610", "\u2b1c", "\U0001F532"];
    private static readonly string[] Running = ["\U0001F6A7", "\u23f3", "\U0001F504", "\U0001F7E1", ":construction:"];

    private static readonly (string Text, Mark Mark)[] Symbols =
        [.. Ticks.Select(text => (text, Mark.Done)), .. Open.Select(text => (text, Mark.Open)), .. Running.Select(text => (text, Mark.InProgress))];

    /// <summary>Takes a mark that stands alone: a box, a symbol, or a word in capitals.</summary>
    public static Mark TakeFrom(ref Scanner scan)
    {
        var mark = TakeBox(ref scan);
        if (mark == Mark.None) mark = Symbol(scan.Rest, out var length) is var found and not Mark.None && Skip(ref scan, length) ? found : Mark.None;
        if (mark == Mark.None) mark = TakeCapitals(ref scan);
        if (mark != Mark.None) scan.SkipSpaces();
        return mark;
    }

    /// <summary>Reads a piece of text that is nothing but a mark.</summary>
    public static Mark Read(string text)
    {
        if (text.Length > LongestMark) return Mark.None;
        var mark = Symbol(text, out var length);
        if (mark != Mark.None && length < text.Length) return Read(text[length..].TrimStart()) == mark ? mark : Mark.None;
        if (mark != Mark.None) return mark;
        return text.ToUpperInvariant() switch
        {
            "DONE" or "COMPLETE" or "COMPLETED" or "FINISHED" => Mark.Done,
            "IN PROGRESS" or "IN-PROGRESS" or "IN_PROGRESS" or "WIP" => Mark.InProgress,
            "TODO" or "TO DO" or "NOT STARTED" => Mark.Open,
            _ => Mark.None,
        };
    }

    private static Mark TakeBox(ref Scanner scan)
    {
        if (scan.Current != '[') return Mark.None;
        var close = scan.Rest[..Math.Min(scan.Rest.Length, 6)].IndexOf(']');
        if (close < 0) return Mark.None;
        var content = scan.Rest[1..close].Trim().ToString();
        var mark = content switch
        {
            "" => Mark.Open,
            "x" or "X" => Mark.Done,
            "~" or "/" => Mark.InProgress,
            _ when Read(content) is var read and not Mark.None => read,
            _ when content.Length == 1 && !char.IsLetterOrDigit(content[0]) => Mark.Unknown,
            _ => Mark.None,
        };
        if (mark != Mark.None) scan.At += close + 1;
        return mark;
    }

    private static Mark TakeCapitals(ref Scanner scan)
    {
        var mark = scan.Rest.StartsWith("DONE") ? Mark.Done
            : scan.Rest.StartsWith("WIP") || scan.Rest.StartsWith("IN PROGRESS") ? Mark.InProgress
            : scan.Rest.StartsWith("TODO") ? Mark.Open : Mark.None;
        if (mark == Mark.None || !scan.TakeAny("DONE", "WIP", "IN PROGRESS", "TODO")) return Mark.None;
        if (scan.Take(':') || scan.TakeDash()) scan.SkipSpaces();
        return mark;
    }

    private static Mark Symbol(ReadOnlySpan<char> text, out int length)
    {
        // Nearly all text is letters: told apart at the first character.
        if (!text.IsEmpty && (text[0] == ':' || text[0] > '\u007f'))
        {
            foreach (var (symbol, mark) in Symbols)
            {
                length = symbol.Length;
                if (text.StartsWith(symbol, StringComparison.Ordinal)) return mark;
            }
        }
        length = 0;
        return Mark.None;
    }

    private static bool Skip(ref Scanner scan, int length)
    {
        scan.At += length;
        return true;
    }
}
