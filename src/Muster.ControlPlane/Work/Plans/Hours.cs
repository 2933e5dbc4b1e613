namespace Muster.ControlPlane.Work.Plans;

/// <summary>Estimates as people write them: <c>8h</c>, <c>8 hours</c>, <c>0.5d</c>, <c>1d 4h</c>. A day is 8 hours.</summary>
internal static class Hours
{
    public const double PerDay = 8;
    private const double Most = 1_000_000;

    /// <summary>Reads the whole of <paramref name="text"/> or nothing.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out double hours)
    {
        var scan = new Scanner(text.Trim());
        var named = scan.TakeAny("estimated", "estimate", "est.", "est", "effort");
        if (scan.Take(':') || named) scan.SkipSpaces();
        return TakeFrom(ref scan, out hours) && scan.AtEnd;
    }

    public static bool TakeFrom(ref Scanner scan, out double hours)
    {
        hours = 0;
        var parts = 0;
        while (true)
        {
            var start = scan.At;
            if (!scan.TakeNumber(out var number) || !TakeUnit(ref scan, out var factor))
            {
                scan.At = start;
                break;
            }
            hours += number * factor;
            parts++;
            scan.SkipSpaces();
        }
        return parts > 0 && hours <= Most;
    }

    /// <summary>Reads an amount whose unit stands elsewhere, in a column's heading.</summary>
    public static bool TryReadBare(ReadOnlySpan<char> text, double factor, out double hours)
    {
        var scan = new Scanner(text.Trim());
        var read = scan.TakeNumber(out var number) && scan.AtEnd;
        hours = number * factor;
        return read && hours <= Most;
    }

    /// <summary>
    /// Whether something that may have been meant as an estimate is in the text: a number alone, or one with a unit of time
    /// behind it. Such text is reported when it cannot be read.
    /// </summary>
    public static bool IsLikelyIn(string text)
    {
        var numberAlone = text.Length > 0;
        for (var i = 0; i < text.Length; i++)
        {
            numberAlone &= char.IsAsciiDigit(text[i]) || text[i] is '.' or ',' or ' ' or '~' or '?' or '+' || PlanText.IsDash(text[i]);
            if (!char.IsAsciiDigit(text[i]) || (i + 1 < text.Length && char.IsAsciiDigit(text[i + 1]))) continue;
            var scan = new Scanner(text.AsSpan(i + 1));
            if (TakeUnit(ref scan, out _)) return true;
        }
        return numberAlone && text.AsSpan().ContainsAnyInRange('0', '9');
    }

    private static bool TakeUnit(ref Scanner scan, out double factor)
    {
        scan.SkipSpaces();
        factor = 1;
        if (scan.TakeAny("hours", "hour", "hrs", "hr", "h")) return true;
        factor = PerDay;
        if (scan.TakeAny("days", "day", "d")) return true;
        factor = 1.0 / 60;
        return scan.TakeAny("minutes", "minute", "mins", "min");
    }
}
