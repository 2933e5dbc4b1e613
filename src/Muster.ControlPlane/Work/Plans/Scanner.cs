using System.Globalization;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>Reads a line from left to right without ever going back further than one word, so that no line is slow.</summary>
internal ref struct Scanner(ReadOnlySpan<char> text)
{
    private const int MostDigits = 6;
    private const int MostLevels = 4;
    private readonly ReadOnlySpan<char> _text = text;

    public int At { get; set; }
    public readonly bool AtEnd => At >= _text.Length;
    public readonly char Current => AtEnd ? '\0' : _text[At];
    public readonly ReadOnlySpan<char> Rest => AtEnd ? [] : _text[At..];

    public void SkipSpaces()
    {
        while (!AtEnd && _text[At] == ' ') At++;
    }

    public bool Take(char c)
    {
        if (Current != c || AtEnd) return false;
        At++;
        return true;
    }

    public bool TakeDash()
    {
        if (AtEnd || !PlanText.IsDash(Current)) return false;
        At++;
        return true;
    }

    /// <summary>Takes the phrase, whatever its case, when no letter or digit follows it.</summary>
    public bool TakePhrase(string phrase)
    {
        if (!Rest.StartsWith(phrase, StringComparison.OrdinalIgnoreCase)) return false;
        var end = At + phrase.Length;
        if (end < _text.Length && char.IsLetterOrDigit(phrase[^1]) && char.IsLetterOrDigit(_text[end])) return false;
        At = end;
        return true;
    }

    /// <summary>Takes the first of the phrases that is there, and the spaces after it.</summary>
    public bool TakeAny(params ReadOnlySpan<string> phrases)
    {
        foreach (var phrase in phrases)
        {
            if (!TakePhrase(phrase)) continue;
            SkipSpaces();
            return true;
        }
        return false;
    }

    public bool TakeInteger(out int value)
    {
        var end = DigitsFrom(At);
        value = 0;
        if (end == At || end - At > MostDigits) return false;
        value = int.Parse(_text[At..end], NumberStyles.None, CultureInfo.InvariantCulture);
        At = end;
        return true;
    }

    /// <summary>Takes <c>8</c>, <c>1.5</c>, <c>1,5</c> or <c>1,200</c> (three digits after a comma are thousands).</summary>
    public bool TakeNumber(out double value)
    {
        value = 0;
        var whole = DigitsFrom(At);
        var end = whole;
        var digits = _text[At..whole].ToString();
        if (whole < _text.Length && _text[whole] is '.' or ',' && whole + 1 < _text.Length)
        {
            end = DigitsFrom(whole + 1);
            var after = _text[(whole + 1)..end];
            if (after.Length == 0) end = whole;
            else digits += _text[whole] == ',' && after.Length == 3 ? after.ToString() : "." + after.ToString();
        }
        if (digits.Length == 0 || end - At > 2 * MostDigits) return false;
        value = double.Parse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        At = end;
        return true;
    }

    /// <summary>Takes an issue's number, such as <c>1.3</c> or <c>1.3.2</c>, that nothing but a full stop or a space continues.</summary>
    public bool TakeIssueNumber(out string number)
    {
        var end = At;
        var levels = 0;
        number = "";
        while (levels < MostLevels)
        {
            var next = DigitsFrom(end);
            if (next == end || next - end > MostDigits) return false;
            levels++;
            end = next;
            if (end + 1 >= _text.Length || _text[end] != '.' || !char.IsAsciiDigit(_text[end + 1])) break;
            if (levels == MostLevels) return false;
            end++;
        }
        if (levels < 2 || (end < _text.Length && (char.IsLetterOrDigit(_text[end]) || _text[end] is '%' or '_'))) return false;
        number = _text[At..end].ToString();
        At = end;
        return true;
    }

    private readonly int DigitsFrom(int at)
    {
        while (at < _text.Length && char.IsAsciiDigit(_text[at])) at++;
        return at;
    }
}
