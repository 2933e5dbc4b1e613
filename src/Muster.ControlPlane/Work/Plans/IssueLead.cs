namespace Muster.ControlPlane.Work.Plans;

/// <summary>What a line that may be an issue begins with: marks and a number, in either order.</summary>
internal readonly record struct IssueLead
{
    public string? Number { get; private init; }
    public IReadOnlyList<Mark> Marks { get; private init; }

    /// <summary>The rest of the line.</summary>
    public string Rest { get; private init; }

    public static IssueLead Read(string text)
    {
        var scan = new Scanner(text);
        var marks = new List<Mark>();
        string? number = null;
        while (!scan.AtEnd)
        {
            scan.SkipSpaces();
            if (Plans.Marks.TakeFrom(ref scan) is var mark and not Mark.None)
            {
                marks.Add(mark);
                continue;
            }
            if (number is not null || !TakeNumber(ref scan, out number)) break;
            SkipNumberEnd(ref scan);
        }
        return new IssueLead { Number = number, Marks = marks, Rest = scan.Rest.ToString() };
    }

    public void ApplyTo(IssueDraft issue)
    {
        foreach (var mark in Marks) issue.Set(mark);
    }

    private static bool TakeNumber(ref Scanner scan, out string? number)
    {
        var start = scan.At;
        scan.TakeAny("issue", "task", "item", "story");
        scan.Take('#');
        var code = scan.Take('`');
        var taken = scan.TakeIssueNumber(out var found) && (!code || scan.Take('`'));
        number = taken ? found : null;
        if (!taken) scan.At = start;
        return taken;
    }

    private static void SkipNumberEnd(ref Scanner scan)
    {
        if (!scan.Take('.') && !scan.Take(')')) scan.Take(':');
        scan.SkipSpaces();
        var start = scan.At;
        if (scan.TakeDash() || scan.Take(':')) scan.SkipSpaces();
        if (scan.At == start + 1 && !scan.AtEnd) scan.At = start;
    }
}
