using System.Text;

namespace Muster.ControlPlane.Work.Plans;

internal enum PieceKind
{
    Text,
    Round,
    Square,
    Separator,
}

/// <summary>A run of text, a bracket with all that is in it, or what separates such.</summary>
internal readonly record struct Piece(PieceKind Kind, string Raw)
{
    public string Inside => Raw[1..^1];
}

/// <summary>Cuts text at brackets, commas and dashes between spaces. Code spans and links are text and stay whole.</summary>
internal static class Pieces
{
    public static List<Piece> Cut(string text)
    {
        var pieces = new List<Piece>();
        var close = Match(text);
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var kind = PieceKind.Text;
            var end = i;
            if (text[i] == '`' && close[i] > i)
            {
                i = close[i];
                continue;
            }
            if (text[i] is '(' or '[' && close[i] > i)
            {
                end = close[i];
                if (text[i] == '[' && end + 1 < text.Length && text[end + 1] == '(' && close[end + 1] > 0)
                {
                    i = close[end + 1];
                    continue;
                }
                kind = text[i] == '(' ? PieceKind.Round : PieceKind.Square;
            }
            else if (IsSeparator(text, i))
            {
                kind = PieceKind.Separator;
                if (i + 1 < text.Length && text[i + 1] == ' ') end = i + 1;
            }
            if (kind == PieceKind.Text) continue;
            if (i > start) pieces.Add(new Piece(PieceKind.Text, text[start..i]));
            pieces.Add(new Piece(kind, text[i..(end + 1)]));
            i = end;
            start = end + 1;
        }
        if (start < text.Length) pieces.Add(new Piece(PieceKind.Text, text[start..]));
        return pieces;
    }

    /// <summary>Where each opening bracket or backtick is closed, found in one pass.</summary>
    private static int[] Match(string text)
    {
        var close = new int[text.Length];
        var open = new Stack<int>();
        var tick = -1;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '`')
            {
                if (tick >= 0) close[tick] = i;
                tick = tick >= 0 ? -1 : i;
            }
            else if (c is '(' or '[')
            {
                open.Push(i);
            }
            else if (c is ')' or ']' && open.TryPeek(out var top) && text[top] == (c == ')' ? '(' : '['))
            {
                close[open.Pop()] = i;
            }
        }
        return close;
    }

    private static bool IsSeparator(string text, int i)
    {
        var c = text[i];
        if (c is ',' or ';') return !(IsDigit(text, i - 1) && IsDigit(text, i + 1));
        if (i == 0 || text[i - 1] != ' ' || (i + 1 < text.Length && text[i + 1] != ' ')) return false;
        if (c is '|' or '\u00b7' or '\u2022') return true;
        return PlanText.IsDash(c) && !(EndsInNumber(text.AsSpan(0, i - 1)) && IsDigit(text, i + 2));
    }

    private static bool IsDigit(string text, int i) => i >= 0 && i < text.Length && char.IsAsciiDigit(text[i]);

    /// <summary>"1.3 - 1.6" is a range, and its dash no separator.</summary>
    private static bool EndsInNumber(ReadOnlySpan<char> text)
    {
        var last = text[(text.LastIndexOf(' ') + 1)..];
        return last.Length <= 20 && new Scanner(last.TrimStart('#')).TakeIssueNumber(out _);
    }
}

/// <summary>The title as it grows from what is no annotation.</summary>
internal sealed class TitleBuilder
{
    private readonly StringBuilder _text = new();
    private string? _separator;

    public bool IsEmpty => _text.Length == 0;

    /// <summary>Kept only if more of the title follows.</summary>
    public void Separate(string separator)
    {
        if (!IsEmpty) _separator ??= separator;
    }

    public void Add(string text)
    {
        if (_separator is { } separator)
        {
            TrimEnd();
            _text.Append(separator[0] is ',' or ';' ? separator : " " + separator);
            _separator = null;
        }
        _text.Append(text);
    }

    public override string ToString() => PlanText.Clean(_text.ToString().Trim());

    private void TrimEnd()
    {
        while (_text.Length > 0 && _text[^1] == ' ') _text.Length--;
    }
}
