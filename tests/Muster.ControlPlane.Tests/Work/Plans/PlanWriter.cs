using System.Text;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Work.Plans;

/// <summary>Makes plans, and writes each in one of the many notations that people use, both as a seed says.</summary>
internal sealed class PlanWriter(int size, int seed)
{
    private static readonly string[] Words = ["Store", "read", "Done", "rows, and", "after", "needs", "8", "C#", "end-to-end", "(old)", "v2.0", "`x (1h)`", "50%", "a/b", "caf\u00e9", "\u65e5\u672c", "total", "epic", "\U0001F680", "[l](u)", "@work/x"];
    private readonly Random _random = new(seed);

    public List<PlanEpic> Plan()
    {
        var epics = new List<PlanEpic>();
        var numbers = new List<string>();
        for (var number = 1; number <= 1 + (size / 4); number++)
        {
            var issues = new List<PlanIssue>();
            for (var n = 1; n <= 1 + _random.Next(1 + Math.Min(size, 8)); n++)
            {
                var issue = Issue($"{number}.{n}", numbers);
                issues.Add(issue);
                numbers.Add(issue.Number);
            }
            epics.Add(new PlanEpic
            {
                Number = number,
                Title = Title(),
                Line = 0,
                Stated = new PlanTotals { Issues = issues.Count, Hours = issues.Sum(issue => issue.Hours ?? 0) },
                Gate = number > 1 && _random.Next(2) == 0 ? new Gate { Epics = [.. Enumerable.Range(1, number - 1).Where(_ => _random.Next(2) == 0).DefaultIfEmpty(1)], Percent = _random.Next(1, 101) } : null,
                Issues = issues,
            });
        }
        return epics;
    }

    public string Write(List<PlanEpic> epics)
    {
        var text = new StringBuilder();
        var end = One("\n", "\r\n", "\r");
        text.Append(One("# Plan\n\n", "Plan\n====\n\n", "\ufeff# Plan\n\nWhat we want, and why.\n\n"));
        text.Append(One("", $"Total: {epics.Sum(epic => epic.Issues.Count)} issues in {epics.Count} epics, {epics.Sum(epic => epic.Stated.Hours):0.##}h\n\n",
            $"**Total:** {epics.Sum(epic => epic.Stated.Hours):0.##} hours, {epics.Sum(epic => epic.Issues.Count)} tasks\n\n"));
        foreach (var epic in epics)
        {
            text.Append(One("# ", "## ", "#### ")).Append(One("Epic ", "EPIC ", "**Epic ") is var opening && opening[0] == '*' ? $"**Epic {epic.Number}: {epic.Title}**" : $"{opening}{epic.Number}{One(": ", " - ", " \u2014 ", ". ")}{epic.Title}");
            text.Append(One($" ({epic.Issues.Count} issues, {epic.Stated.Hours:0.##}h)", $" ({epic.Stated.Hours:0.##} hours; {epic.Issues.Count} tasks)", $" \u2013 {epic.Issues.Count} issues, {epic.Stated.Hours:0.##} h"));
            text.Append("\n\n");
            if (epic.Gate is { } gate)
            {
                text.Append(One("", "**", "- ") is var mark ? mark : "").Append("Blocked until ").Append(gate.Epics.Count == 1 ? $"Epic {gate.Epics[0]} reaches" : $"Epics {EpicList(gate.Epics)} reach");
                text.Append(' ').Append(gate.Percent).Append(One("%", " %", "% (by hours)")).Append(mark == "**" ? "**" : "").Append(One("\n\n", ".\n\n"));
            }
            if (_random.Next(4) == 0) Table(text, epic);
            else foreach (var issue in epic.Issues) Item(text, issue);
            text.Append('\n');
        }
        return text.ToString().Replace("\n", end, StringComparison.Ordinal);
    }

    private PlanIssue Issue(string number, List<string> before)
    {
        var done = _random.Next(4) == 0;
        return new PlanIssue
        {
            Number = number,
            Title = Title(),
            Line = 0,
            Hours = _random.Next(6) == 0 ? null : _random.Next(1, 200) / 4.0,
            Done = done,
            InProgress = !done && _random.Next(3) == 0 ? true : null,
            PercentComplete = done ? 100 : _random.Next(3) == 0 ? _random.Next(100) : 0,
            Assignee = _random.Next(3) == 0 ? One("agent-a", "bob", "Ann.B_2") : null,
            After = [.. before.Where(_ => _random.Next(6) == 0)],
            Labels = _random.Next(3) == 0 ? [.. new[] { "backend", "api", "x-1" }.Take(_random.Next(1, 4))] : null,
            Priority = _random.Next(3) == 0 ? _random.Next(1, 6) : null,
            Role = _random.Next(4) == 0 ? "backend-engineer" : null,
            NeedsApproval = _random.Next(5) == 0 ? true : null,
            Description = _random.Next(3) == 0 ? One("Keeps the order.", "One line.\nAnd 2 more (8 rows).") : null,
        };
    }

    private void Item(StringBuilder text, PlanIssue issue)
    {
        var late = issue.Done && _random.Next(2) == 0;
        text.Append(One("- ", "* ", "\u2022 ", "1. ", issue.Hours is null ? "- " : "\t- "));
        text.Append(issue.Done ? late ? "" : One("[x] ", "[X] ", "\u2705 ", "DONE ") : issue.InProgress == true ? One("[~] ", "\U0001F6A7 ") : One("[ ] ", ""));
        text.Append(One($"{issue.Number} ", $"**{issue.Number}** ", $"{issue.Number}: ", $"{issue.Number}. ", $"{issue.Number} \u2013 ")).Append(issue.Title);
        var bracket = new List<string>();
        if (issue.Hours is { } hours) bracket.Add(HoursOf(hours));
        if (issue.PercentComplete > 0 && !issue.Done) bracket.Add($"{issue.PercentComplete}%{One("", " complete")}");
        if (bracket.Count == 2 && _random.Next(2) == 0) bracket.Reverse();
        if (bracket.Count > 0) text.Append(" (").Append(string.Join(One(", ", "; "), bracket)).Append(')');
        if (late) text.Append(One(" DONE", " \u2713", " (done)"));
        if (issue.Labels is { } labels) text.Append(One($" [{string.Join(", ", labels)}]", string.Concat(labels.Select(label => " #" + label)), $", labels: {string.Join(", ", labels)}"));
        if (issue.Assignee is { } assignee) text.Append(One($" @{assignee}", $", @{assignee}", $", owner: {assignee}"));
        if (issue.After.Count > 0) text.Append(One(", after ", ", depends on ", "; needs ", " - after ")).Append(IssueList(issue.After));
        if (issue.Priority is { } priority) text.Append(One($" (P{priority})", $", priority: {priority}", $", P{priority}"));
        if (issue.Role is { } role) text.Append($", role: {role}");
        if (issue.NeedsApproval == true) text.Append(One(" (approval)", ", needs approval"));
        text.Append('\n');
        foreach (var line in issue.Description?.Split('\n') ?? []) text.Append(One("      - ", "      ", "\t\t- ")).Append(line).Append('\n');
        if (_random.Next(5) == 0) text.Append('\n');
    }

    private void Table(StringBuilder text, PlanEpic epic)
    {
        text.Append("| # | Title | Hours | % | Status | Owner | After | Labels | Priority | Role | Approval | Notes |\n|---|:--|--:|-|-|-|-|-|-|-|-|-|\n");
        foreach (var issue in epic.Issues)
        {
            text.Append("| ").AppendJoin(" | ", issue.Number, issue.Title, issue.Hours is { } hours ? One($"{hours}", HoursOf(hours)) : One("", "-"),
                issue.Done ? "" : issue.PercentComplete, issue.Done ? One("done", "\u2705", "x") : issue.InProgress == true ? "in progress" : "", issue.Assignee is { } who ? One(who, "@" + who) : "",
                IssueList(issue.After), string.Join(", ", issue.Labels ?? []), issue.Priority is { } priority ? One($"{priority}", $"P{priority}") : "", issue.Role ?? "\u2013",
                issue.NeedsApproval == true ? "yes" : "", issue.Description?.Replace("\n", " ", StringComparison.Ordinal) ?? "");
            text.Append(" |\n");
        }
    }

    private string HoursOf(double hours) => One($"{hours}h", $"{hours} h", $"{hours} hours", $"{hours / 8}d", $"{hours / 8} days");

    private string IssueList(IReadOnlyList<string> issues) => string.Join(One(", ", ",", " and ", " & "), issues);

    private string EpicList(IReadOnlyList<int> epics) =>
        epics[^1] - epics[0] == epics.Count - 1 && _random.Next(2) == 0 ? $"{epics[0]}{One("-", "\u2013", " to ")}{epics[^1]}" : string.Join(", ", epics.Take(epics.Count - 1)) + " and " + epics[^1];

    /// <summary>Begins and ends with plain words: a title that ends in "@work" cannot be told from a name, for a person neither.</summary>
    private string Title() => string.Join(' ', [One("Make", "Write"), .. Enumerable.Range(0, _random.Next(5)).Select(_ => One(Words)), One("it", "tests", "again")]);

    private string One(params ReadOnlySpan<string> choices) => choices[_random.Next(choices.Length)];
}
