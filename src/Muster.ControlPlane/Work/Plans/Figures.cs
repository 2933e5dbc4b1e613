using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>Sums as headings state them: <c>7 issues, 160h</c>, <c>592 hours, 27 issues in 5 epics</c>.</summary>
internal static class Figures
{
    /// <summary>Reads the whole text, or gives null. Each figure may be named once.</summary>
    public static PlanTotals? Read(string text, out int? percent)
    {
        percent = null;
        var found = new PlanTotals();
        var scan = new Scanner(text.AsSpan().Trim());
        var any = false;
        while (true)
        {
            SkipBetween(ref scan, any);
            if (scan.AtEnd) return any ? found : null;
            if (!TakeFigure(ref scan, ref found, ref percent)) return null;
            any = true;
        }
    }

    private static void SkipBetween(ref Scanner scan, bool words)
    {
        int start;
        do
        {
            start = scan.At;
            if (scan.Current is ' ' or ',' or ';' or '|' or '/' or '+' or '&' or '.' or ':' or '(' or ')' or '\u00b7' or '\u2022') scan.At++;
            else scan.TakeDash();
            if (words) scan.TakeAny("and", "in", "across", "over", "with", "total", "altogether");
        }
        while (scan.At != start);
    }

    private static bool TakeFigure(ref Scanner scan, ref PlanTotals found, ref int? percent)
    {
        var start = scan.At;
        if (Hours.TakeFrom(ref scan, out var hours) || TakeNamed(ref scan, start, out hours, "hours"))
        {
            if (found.Hours is not null) return false;
            found = found with { Hours = hours };
            return true;
        }
        scan.At = start;
        if (TakeCount(ref scan, out var issues, "issues", "issue", "tasks", "task", "items", "item", "stories", "story"))
        {
            if (found.Issues is not null) return false;
            found = found with { Issues = issues };
            return true;
        }
        scan.At = start;
        if (TakeCount(ref scan, out var epics, "epics", "epic"))
        {
            if (found.Epics is not null) return false;
            found = found with { Epics = epics };
            return true;
        }
        scan.At = start;
        if (percent is not null || !scan.TakeInteger(out var part) || part > 100) return false;
        scan.SkipSpaces();
        if (!scan.Take('%')) return false;
        scan.SkipSpaces();
        scan.TakeAny("complete", "completed", "done", "finished");
        percent = part;
        return true;
    }

    private static bool TakeCount(ref Scanner scan, out int count, params ReadOnlySpan<string> names)
    {
        var start = scan.At;
        if (scan.TakeNumber(out var number) && number == Math.Floor(number) && number < int.MaxValue)
        {
            scan.SkipSpaces();
            count = (int)number;
            return scan.TakeAny(names);
        }
        var taken = TakeNamed(ref scan, start, out number, names) && number == Math.Floor(number) && number < int.MaxValue;
        count = taken ? (int)number : 0;
        return taken;
    }

    /// <summary>The other way round, as in <c>issues: 27</c>.</summary>
    private static bool TakeNamed(ref Scanner scan, int start, out double number, params ReadOnlySpan<string> names)
    {
        scan.At = start;
        number = 0;
        if (!scan.TakeAny(names) || !scan.Take(':')) return false;
        scan.SkipSpaces();
        if (!scan.TakeNumber(out number)) return false;
        scan.SkipSpaces();
        scan.TakeAny("hours", "h");
        return true;
    }
}
