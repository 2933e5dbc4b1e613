using System.Globalization;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>Lists of issues or epics with ranges: <c>1.3, 1.4 and 1.6</c>, <c>1.3-1.6</c>, <c>1-4</c>.</summary>
internal static class References
{
    /// <summary>A wider range is taken for a slip of the pen.</summary>
    public const int WidestRange = 500;
    private const int LongestList = 10_000;

    /// <summary>The issues named, or null when the text is anything but a list of them.</summary>
    public static List<string>? ReadIssues(ReadOnlySpan<char> text)
    {
        var scan = new Scanner(text.Trim());
        var issues = new List<string>();
        do
        {
            if (!TakeIssue(ref scan, out var first)) return null;
            if (!TakeRangeMark(ref scan))
            {
                issues.Add(first);
                continue;
            }
            if (!TakeIssue(ref scan, out var last) || !AddRange(issues, first, last)) return null;
        }
        while (issues.Count <= LongestList && TakeListMark(ref scan));
        scan.TakeAny("is", "are");
        scan.TakeAny("done", "complete", "completed", "finished", "merged");
        return scan.AtEnd ? issues : null;
    }

    /// <summary>Takes the epics named; what follows them stays.</summary>
    public static bool TakeEpics(ref Scanner scan, out List<int> epics)
    {
        epics = [];
        do
        {
            scan.TakeAny("epics", "epic");
            scan.Take('#');
            if (!scan.TakeInteger(out var first)) return false;
            if (!TakeRangeMark(ref scan))
            {
                epics.Add(first);
                continue;
            }
            scan.TakeAny("epic");
            if (!scan.TakeInteger(out var last) || last < first || last - first > WidestRange) return false;
            for (var epic = first; epic <= last; epic++) epics.Add(epic);
        }
        while (epics.Count <= LongestList && TakeListMark(ref scan));
        return true;
    }

    private static bool TakeIssue(ref Scanner scan, out string number)
    {
        scan.SkipSpaces();
        scan.TakeAny("issues", "issue", "tasks", "task", "items", "item");
        scan.Take('#');
        return scan.TakeIssueNumber(out number);
    }

    private static bool TakeRangeMark(ref Scanner scan)
    {
        scan.SkipSpaces();
        var taken = scan.TakeDash() || scan.TakeAny("to", "through");
        scan.SkipSpaces();
        return taken;
    }

    private static bool TakeListMark(ref Scanner scan)
    {
        scan.SkipSpaces();
        var taken = scan.Take(',') || scan.Take(';') || scan.Take('&') || scan.Take('/') || scan.Take('+');
        scan.SkipSpaces();
        taken |= scan.TakeAny("and");
        return taken;
    }

    private static bool AddRange(List<string> issues, string first, string last)
    {
        var dot = first.LastIndexOf('.');
        var lastDot = last.LastIndexOf('.');
        if (!first.AsSpan(0, dot).SequenceEqual(last.AsSpan(0, lastDot))) return false;
        var from = int.Parse(first.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        var to = int.Parse(last.AsSpan(lastDot + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        if (to < from || to - from > WidestRange) return false;
        for (var n = from; n <= to; n++) issues.Add(string.Create(CultureInfo.InvariantCulture, $"{first.AsSpan(0, dot)}.{n}"));
        return true;
    }
}
