using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>Where a plan contradicts itself, and what would make it impossible to carry out.</summary>
internal static class PlanChecks
{
    public static PlanReport Report(PlanDraft plan, PlanNotes notes)
    {
        var epics = plan.Epics.ConvertAll(epic => epic.Build());
        var stated = Stated(plan);
        var listed = new PlanTotals
        {
            Epics = epics.Count,
            Issues = epics.Sum(epic => epic.Issues.Count),
            Hours = Sum(epics.SelectMany(epic => epic.Issues)),
        };
        CompareTotals(plan, stated, listed, epics, notes);
        for (var i = 0; i < epics.Count; i++) CompareEpic(plan.Epics[i], epics[i], notes);
        CheckNumbers(plan, epics, notes);
        PlanOrder.Check(plan, epics, notes);
        return new PlanReport
        {
            Title = plan.Title,
            Epics = epics,
            Heading = plan.Heading,
            EpicHeadings = stated,
            Listed = listed,
            Mismatches = notes.Mismatches,
            NotUnderstood = notes.Unread,
            Errors = notes.Errors,
        };
    }

    /// <summary>The sums of the epics' own headings; none where an epic does not say.</summary>
    private static PlanTotals Stated(PlanDraft plan)
    {
        var epics = plan.Epics.FindAll(epic => !epic.Implicit);
        if (epics.Count == 0) return new PlanTotals();
        return new PlanTotals
        {
            Epics = epics.Count,
            Issues = epics.TrueForAll(epic => epic.Stated.Issues is not null) ? (int)Math.Min(int.MaxValue, epics.Sum(epic => (long)epic.Stated.Issues!)) : null,
            Hours = epics.TrueForAll(epic => epic.Stated.Hours is not null) ? Round(epics.Sum(epic => epic.Stated.Hours!.Value)) : null,
        };
    }

    private static void CompareTotals(PlanDraft plan, PlanTotals stated, PlanTotals listed, List<PlanEpic> epics, PlanNotes notes)
    {
        Compare(plan.HeadingLine, "epics", plan.Heading.Epics, null, listed.Epics, "", notes);
        Compare(plan.HeadingLine, "issues", plan.Heading.Issues, stated.Issues, listed.Issues, "", notes);
        Compare(plan.HeadingLine, "hours", plan.Heading.Hours, stated.Hours, listed.Hours, Without(epics.SelectMany(epic => epic.Issues)), notes);
    }

    private static void Compare(int? line, string what, double? heading, double? stated, double? listed, string remark, PlanNotes notes)
    {
        if (heading is not { } claimed) return;
        if (Same(claimed, stated ?? claimed) && Same(claimed, listed ?? claimed)) return;
        var says = new List<string> { $"the plan's heading says {claimed:0.##} {what}" };
        if (stated is { } sum) says.Add($"the epics' headings add up to {sum:0.##}");
        says.Add(listed is { } count ? $"{count:0.##} are listed{remark}" : "none are listed");
        notes.Mismatch(line, string.Join("; ", says));
    }

    private static void CompareEpic(EpicDraft draft, PlanEpic epic, PlanNotes notes)
    {
        var name = $"Epic {epic.Number}";
        if (epic.Stated.Issues is { } issues && issues != epic.Issues.Count) notes.Mismatch(epic.Line, $"{name}: its heading says {issues} issues; {epic.Issues.Count} are listed");
        if (epic.Stated.Hours is { } hours && !Same(hours, Sum(epic.Issues) ?? 0))
        {
            notes.Mismatch(epic.Line, $"{name}: its heading says {hours:0.##} hours; {Sum(epic.Issues) ?? 0:0.##} are listed{Without(epic.Issues)}");
        }
        var open = epic.Issues.Count(issue => !issue.Done);
        if (draft.Mark == Mark.Done && open > 0) notes.Mismatch(epic.Line, $"{name} is marked done; {open} of its issues are not");
        if (draft.Percent is { } percent && Math.Abs(percent - Progress(epic)) > 1) notes.Mismatch(epic.Line, $"{name}: its heading says {percent}%; by its issues it is {Progress(epic):0.#}%");
        foreach (var issue in epic.Issues)
        {
            if (!issue.Number.StartsWith($"{epic.Number}.", StringComparison.Ordinal)) notes.Mismatch(issue.Line, $"{issue.Number} stands under {(draft.Implicit ? "the plan's only epic, taken as Epic 1" : name)}");
        }
    }

    private static void CheckNumbers(PlanDraft plan, List<PlanEpic> epics, PlanNotes notes)
    {
        var lines = new Dictionary<int, int>();
        var numbers = new Dictionary<string, int>();
        foreach (var epic in epics)
        {
            if (!lines.TryAdd(epic.Number, epic.Line)) notes.Error(epic.Line, $"Epic {epic.Number} stands also in line {lines[epic.Number]}; number one of them anew");
            foreach (var issue in epic.Issues)
            {
                if (!numbers.TryAdd(issue.Number, issue.Line)) notes.Error(issue.Line, $"{issue.Number} stands also in line {numbers[issue.Number]}; number one of them anew");
            }
        }
        foreach (var (epic, draft) in epics.Zip(plan.Epics))
        {
            foreach (var unknown in epic.Gate?.Epics.Where(number => !lines.ContainsKey(number)) ?? [])
            {
                notes.Error(draft.GateLine, $"Epic {epic.Number} waits for Epic {unknown}, which the plan does not have");
            }
            foreach (var issue in epic.Issues)
            {
                foreach (var unknown in issue.After.Where(number => !numbers.ContainsKey(number))) notes.Error(issue.Line, $"{issue.Number} comes after {unknown}, which the plan does not have");
            }
        }
    }

    private static double Progress(PlanEpic epic)
    {
        var hours = Sum(epic.Issues) ?? 0;
        if (epic.Issues.Count == 0) return 0;
        return hours > 0 ? epic.Issues.Sum(issue => (issue.Hours ?? 0) * issue.PercentComplete) / hours : epic.Issues.Average(issue => issue.PercentComplete);
    }

    private static double? Sum(IEnumerable<PlanIssue> issues)
    {
        double? sum = null;
        foreach (var issue in issues)
        {
            if (issue.Hours is { } hours) sum = (sum ?? 0) + hours;
        }
        return sum is { } total ? Round(total) : null;
    }

    private static string Without(IEnumerable<PlanIssue> issues)
    {
        var count = issues.Count(issue => issue.Hours is null);
        return count == 0 ? "" : $" ({count} issues say no hours)";
    }

    private static bool Same(double one, double other) => Math.Abs(one - other) < 0.005;

    private static double Round(double hours) => Math.Round(hours, 4);
}
