namespace Muster.ControlPlane.Work.Plans;

internal enum LineKind
{
    Text,

    /// <summary>Inside a code fence: never structure, but part of the issue it is indented under.</summary>
    Code,

    /// <summary>Quoted: never structure either.</summary>
    Quote,
}

/// <summary>A line that is not blank, with what stands before its text taken off.</summary>
internal readonly record struct PlanLine
{
    /// <summary>Counted from 1, as editors do.</summary>
    public required int Number { get; init; }
    public required LineKind Kind { get; init; }

    /// <summary>Columns before the text; a tab goes to the next multiple of four.</summary>
    public required int Indent { get; init; }

    /// <summary>1 to 6 for a heading, else 0.</summary>
    public int Heading { get; init; }
    public bool Bullet { get; init; }

    /// <summary>Whether a blank line stands before it, which ends a list item's paragraph.</summary>
    public bool AfterBlank { get; init; }

    /// <summary>The line without indent, heading mark, bullet and bold.</summary>
    public required string Text { get; init; }
}

/// <summary>Cuts a plan into lines and takes out what is not plan: code, quotes, comments.</summary>
internal static class PlanLines
{
    public static List<PlanLine> Read(string markdown, PlanNotes notes)
    {
        var lines = new List<PlanLine>();
        var state = new State();
        var number = 0;
        var rest = markdown.AsSpan();
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOfAny('\r', '\n');
            var raw = end < 0 ? rest : rest[..end];
            number++;
            if (end < 0) rest = [];
            else rest = rest[(end + (rest[end] == '\r' && end + 1 < rest.Length && rest[end + 1] == '\n' ? 2 : 1))..];
            if (Classify(raw, number, ref state) is { } line) lines.Add(line);
        }
        if (state.Fence != '\0') notes.NotUnderstood(state.OpenedAt, "a code fence that is never closed; everything after it was skipped");
        if (state.Comment) notes.NotUnderstood(state.OpenedAt, "a comment that is never closed; everything after it was skipped");
        return lines;
    }

    private static PlanLine? Classify(ReadOnlySpan<char> raw, int number, ref State state)
    {
        var indent = IndentOf(raw, out var start);
        var content = raw[start..];
        if (state.Comment || (state.Fence == '\0' && content.StartsWith("<!--")))
        {
            if (!state.Comment) state.OpenedAt = number;
            var close = content.IndexOf("-->");
            state.Comment = close < 0;
            if (state.Comment) return null;
            content = content[(close + 3)..];
        }
        var text = PlanText.Clean(content);
        if (FenceOf(text) is var (fence, length) && fence != '\0' && (state.Fence == '\0' || (fence == state.Fence && length >= state.FenceLength)))
        {
            if (state.Fence == '\0') state.OpenedAt = number;
            (state.Fence, state.FenceLength) = state.Fence == '\0' ? (fence, length) : ('\0', 0);
            return Line(LineKind.Code, number, indent, text);
        }
        if (state.Fence != '\0') return Line(LineKind.Code, number, indent, PlanText.Clean(content, keepSpaces: true));
        if (text.Length == 0)
        {
            state.Blank = true;
            return null;
        }
        var afterBlank = state.Blank;
        state.Blank = false;
        if (text[0] == '>') return Line(LineKind.Quote, number, indent, text[1..].TrimStart());
        var level = HeadingLevel(text);
        if (level > 0) text = text[level..].Trim().TrimEnd('#').TrimEnd();
        var bullet = level == 0 && BulletLength(text) is var skip and > 0 && (text = text[skip..].TrimStart()).Length >= 0;
        return Line(LineKind.Text, number, indent, PlanText.WithoutBold(text)) with { Heading = level, Bullet = bullet, AfterBlank = afterBlank };
    }

    private static PlanLine Line(LineKind kind, int number, int indent, string text) =>
        new() { Kind = kind, Number = number, Indent = indent, Text = text };

    private static int IndentOf(ReadOnlySpan<char> raw, out int start)
    {
        var indent = 0;
        for (start = 0; start < raw.Length; start++)
        {
            if (raw[start] == '\t') indent += 4 - (indent % 4);
            else if (raw[start] is ' ' or '\u00a0') indent++;
            else if (raw[start] != '\ufeff') break;
        }
        return indent;
    }

    private static (char Fence, int Length) FenceOf(string text)
    {
        if (text.Length < 3 || text[0] is not ('`' or '~')) return default;
        var length = text.Length - text.AsSpan().TrimStart(text[0]).Length;
        return length >= 3 && (text[0] == '~' || text.IndexOf('`', length) < 0) ? (text[0], length) : default;
    }

    private static int HeadingLevel(string text)
    {
        var level = text.Length - text.AsSpan().TrimStart('#').Length;
        return level is >= 1 and <= 6 && (text.Length == level || text[level] == ' ') ? level : 0;
    }

    private static int BulletLength(string text)
    {
        if (text.Length == 1) return text[0] is '-' or '*' or '+' ? 1 : 0;
        if (text[1] == ' ') return text[0] is '*' or '+' or '\u2022' or '\u2023' or '\u25e6' or '\u25aa' || PlanText.IsDash(text[0]) ? 1 : 0;
        var digits = 0;
        while (digits < text.Length && digits < 9 && char.IsAsciiDigit(text[digits])) digits++;
        var ordered = digits > 0 && digits + 1 < text.Length && text[digits] is '.' or ')' && text[digits + 1] == ' ';
        return ordered ? digits + 1 : 0;
    }

    private struct State
    {
        public char Fence;
        public int FenceLength;
        public bool Comment;
        public bool Blank;
        public int OpenedAt;
    }
}
