using Muster.Contracts.Work;

namespace Muster.Terminals;

/// <summary>A plan's report in words: what it holds, and every place where it disagrees with itself.</summary>
internal static class PlanReportText
{
    public static void Write(Terminal terminal, PlanReport report, bool withIssues)
    {
        terminal.Line(Plain.Line(report.Title ?? "A plan without a title"), Tone.Strong);
        var grid = new Grid("", "EPICS", "ISSUES", "HOURS");
        grid.Row("its heading says", Figure(report.Heading.Epics), Figure(report.Heading.Issues), Figure(report.Heading.Hours));
        grid.Row("its epics' headings add up to", Figure(report.EpicHeadings.Epics), Figure(report.EpicHeadings.Issues), Figure(report.EpicHeadings.Hours));
        grid.Row("listed are", Figure(report.Listed.Epics), Figure(report.Listed.Issues), Figure(report.Listed.Hours));
        grid.WriteTo(terminal, "");
        if (withIssues) Issues(terminal, report);
        Findings(terminal, "The plan disagrees with itself", report.Mismatches, Tone.Warn);
        Findings(terminal, "Not understood", report.NotUnderstood, Tone.Warn);
        Findings(terminal, "Cannot be imported", report.Errors, Tone.Bad);
    }

    private static void Issues(Terminal terminal, PlanReport report)
    {
        foreach (var epic in report.Epics)
        {
            terminal.Line();
            terminal.Line($"Epic {epic.Number}: {Plain.Line(epic.Title)}{(epic.Gate is { } gate ? $"  (after epic {string.Join(", ", gate.Epics)} at {gate.Percent}%)" : "")}");
            var grid = new Grid("ISSUE", "HOURS", "STATE", "AFTER", "TITLE");
            foreach (var issue in epic.Issues)
                grid.Row(issue.Number, Figure(issue.Hours), issue.Done ? "done" : issue.InProgress == true ? $"{issue.PercentComplete}%" : "", string.Join(' ', issue.After), issue.Title);
            grid.WriteTo(terminal, "no issues");
        }
    }

    private static void Findings(Terminal terminal, string what, IReadOnlyList<PlanFinding> findings, Tone tone)
    {
        if (findings.Count == 0) return;
        terminal.Line();
        terminal.Line($"{what} ({Words.Count(findings.Count, "place")}):", tone);
        foreach (var finding in findings) terminal.Line($"  {(finding.Line is { } line ? $"line {line}: " : "")}{Plain.Line(finding.Text)}");
    }

    private static string Figure(double? figure) => figure is { } value ? $"{value:0.##}" : "-";
}
