using Muster.Contracts.Work;
using Muster.ControlPlane.Work.Plans;

namespace Muster.ControlPlane.Tests.Work.Plans;

/// <summary>The ways in which people write the same thing (C4).</summary>
[Trait("req", "C4")]
public sealed class PlanNotationTests
{
    [Theory]
    [InlineData("# Epic 1: Storage (1 issue, 8h)")]
    [InlineData("## Epic 1: Storage (1 issue, 8 h)")]
    [InlineData("### Epic 1 - Storage (8 hours, 1 issues)")]
    [InlineData("###### EPIC 1 \u2014 Storage (1 task; 1d)")]
    [InlineData("## Epic 1. Storage \u2013 1 issue, 8h")]
    [InlineData("## **Epic 1: Storage** (1 issues, 8h) ##")]
    [InlineData("## Epic #1: Storage [1 issue, 8h]")]
    [InlineData("Epic 1: Storage (1 issue, 8h)\n-----------")]
    public void An_epics_heading_is_read(string heading)
    {
        var report = Clean(heading + "\n\n- 1.1 Table (8h)\n");

        var epic = Assert.Single(report.Epics);
        Assert.Equal((1, "Storage", 1, 8d), (epic.Number, epic.Title, epic.Stated.Issues, epic.Stated.Hours));
    }

    [Theory]
    [InlineData("- 1.1 Table (8h)")]
    [InlineData("* 1.1 Table (8 h)")]
    [InlineData("+ 1.1: Table (8 hours)")]
    [InlineData("- 1.1. Table (1d)")]
    [InlineData("- 1.1) Table (1 day)")]
    [InlineData("- 1.1 - Table (8 hrs)")]
    [InlineData("- 1.1 \u2013 Table [8h]")]
    [InlineData("- **1.1** Table **(8h)**")]
    [InlineData("- **1.1 Table** (8h)")]
    [InlineData("- `1.1` Table (8.0h)")]
    [InlineData("1. 1.1 Table (8h)")]
    [InlineData("\u2022 1.1 Table (8h)")]
    [InlineData("\u2013 1.1 Table (8h)")]
    [InlineData("\t- 1.1\tTable\t(8h)")]
    [InlineData("- 1.1 Table, 8h")]
    [InlineData("- 1.1 Table \u2014 8 hours")]
    [InlineData("- 1.1 Table (4h 4h)")]
    [InlineData("- 1.1 Table (0.5d 4h)")]
    [InlineData("- 1.1 Table (estimate: 8h)")]
    [InlineData("- Issue 1.1: Table (8h)")]
    [InlineData("### 1.1 Table (8h)")]
    [InlineData("1.1 Table (8h)")]
    [InlineData("- 1.1 Table\u00a0(8\u00a0h)")]
    [InlineData("|#|Title|Hours|\n|-|-|-|\n|1.1|Table|8|")]
    [InlineData("| Issue | Estimate |\n|:---|---:|\n| 1.1 Table | 8h |")]
    [InlineData("| No. | Task | Days |\n|---|---|---|\n| **1.1** | Table | 1 |")]
    [InlineData("Task | Title | Hours\n---|---|---\n1.1 | Table | 8 h")]
    public void An_issue_and_its_hours_are_read(string line)
    {
        var issue = One(line);

        Assert.Equal(("1.1", "Table", 8d), (issue.Number, issue.Title, issue.Hours));
        Assert.False(issue.Done);
    }

    [Theory]
    [InlineData("- [x] 1.1 Table (8h)")]
    [InlineData("- [X] 1.1 Table (8h)")]
    [InlineData("- [\u2713] 1.1 Table (8h)")]
    [InlineData("- \u2705 1.1 Table (8h)")]
    [InlineData("- 1.1 \u2714\ufe0f Table (8h)")]
    [InlineData("- 1.1 Table (8h) \u2705")]
    [InlineData("- 1.1 Table (8h) DONE")]
    [InlineData("- DONE: 1.1 Table (8h)")]
    [InlineData("- 1.1 [DONE] Table (8h)")]
    [InlineData("- 1.1 Table (8h, done)")]
    [InlineData("- 1.1 Table (8h) - done")]
    [InlineData("- 1.1 Table (8h, 100%) DONE")]
    [InlineData("- 1.1 Table (8h)\n  - status: done")]
    [InlineData("|#|Title|Hours|Status|\n|-|-|-|-|\n|1.1|Table|8|\u2705|")]
    [InlineData("|#|Title|Hours|Status|\n|-|-|-|-|\n|1.1|Table|8|Done|")]
    [InlineData("|Done|#|Title|Hours|\n|-|-|-|-|\n|x|1.1|Table|8|")]
    [InlineData("|#|Title|Hours|\n|-|-|-|\n|[x] 1.1|Table|8|")]
    public void A_done_mark_is_read(string line)
    {
        var issue = One(line);

        Assert.Equal(("Table", 8d, true, 100), (issue.Title, issue.Hours, issue.Done, issue.PercentComplete));
    }

    [Theory]
    [InlineData("- [~] 1.1 Table (8h, 40%)")]
    [InlineData("- [ ] 1.1 Table (8h, in progress, 40% complete)")]
    [InlineData("- [ ] 1.1 Table (8h,40 % done) WIP")]
    [InlineData("- \U0001F6A7 1.1 Table (8h) (40%)")]
    [InlineData("- 1.1 Table \u2013 8h \u2013 in progress \u2013 40%")]
    [InlineData("|#|Title|Hours|%|Status|\n|-|-|-|-|-|\n|1.1|Table|8|40|in progress|")]
    public void Work_begun_is_read(string line)
    {
        var issue = One(line);

        Assert.Equal(("Table", 8d, false, true, 40), (issue.Title, issue.Hours, issue.Done, issue.InProgress, issue.PercentComplete));
    }

    [Theory]
    [InlineData(", after 1.2, 1.3 and 1.4")]
    [InlineData(" after 1.2, 1.3, 1.4")]
    [InlineData(", after 1.2,1.3,1.4")]
    [InlineData(", after 1.2-1.4")]
    [InlineData(", after 1.2 - 1.4")]
    [InlineData(", after 1.2\u20131.4")]
    [InlineData(", after 1.2 to 1.4")]
    [InlineData(", depends on #1.2, #1.3 & #1.4")]
    [InlineData("; depends on: 1.2, 1.3-1.4")]
    [InlineData(", needs 1.2, 1.3, and 1.4")]
    [InlineData(" (after 1.2, 1.3, 1.4)")]
    [InlineData(" (needs 1.2-1.3), after 1.4")]
    [InlineData(" - blocked by 1.2/1.3/1.4")]
    [InlineData("\n  - after 1.2, 1.3, 1.4")]
    [InlineData("\n  depends on issues 1.2 to 1.4.")]
    public void Dependencies_are_read(string tail)
    {
        var report = Clean("## Epic 1: Storage\n- 1.1 Table (8h)" + tail + "\n- 1.2 b (1h)\n- 1.3 c (1h)\n- 1.4 d (1h)");

        Assert.Equal(["1.2", "1.3", "1.4"], report.Epics[0].Issues[0].After);
        Assert.Equal(("Table", 8d), (report.Epics[0].Issues[0].Title, report.Epics[0].Issues[0].Hours));
    }

    [Theory]
    [InlineData("Blocked until Epic 1 reaches 50%", "1", 50)]
    [InlineData("**Blocked until Epic 1 reaches 50%.**", "1", 50)]
    [InlineData("*Blocked until epic 1 is at 50 %*", "1", 50)]
    [InlineData("- Blocked until Epics 1-4 reach 80%", "1 2 3 4", 80)]
    [InlineData("Blocked until Epics 1\u20134 reach 80% (by hours)", "1 2 3 4", 80)]
    [InlineData("Blocked until Epics 1 \u2014 4 reach 80% by hours", "1 2 3 4", 80)]
    [InlineData("Blocked until Epics 1, 2 and 4 reach 80% complete", "1 2 4", 80)]
    [InlineData("Blocked until Epic 1 and Epic 3 reach 80% of their hours", "1 3", 80)]
    [InlineData("Gate: Epics 1 to 4 at 80%", "1 2 3 4", 80)]
    [InlineData("Starts when Epic 2 is 75% done", "2", 75)]
    [InlineData("Blocked until Epic 1 is complete", "1", 100)]
    public void A_gate_is_read(string line, string epics, int percent)
    {
        var plan = string.Concat(Enumerable.Range(1, 4).Select(n => $"## Epic {n}: e\n- {n}.1 a (1h)\n"));
        var report = Clean(plan + "## Epic 5: Last\n" + line + "\n- 5.1 z (1h)");

        Assert.Equal(epics, string.Join(' ', report.Epics[4].Gate!.Epics));
        Assert.Equal(percent, report.Epics[4].Gate!.Percent);
    }

    [Theory]
    [InlineData("Total: 1 issues in 1 epics, 8 hours")]
    [InlineData("**Total:** 8h, 1 issue, 1 epic")]
    [InlineData("**Total: 1 epic, 1 issue, 8 h**")]
    [InlineData("Total 1 task across 1 epic \u2013 1d")]
    [InlineData("- Totals: 1 issue / 1 epic / 8 hours")]
    [InlineData("1 issue in 1 epic, 8 hours")]
    [InlineData("Total: issues: 1, epics: 1, hours: 8")]
    [InlineData("# Plan (1 issue in 1 epic, 8h)")]
    public void The_plans_total_is_read(string line)
    {
        var report = Clean(line + "\n\n## Epic 1: Storage\n- 1.1 Table (8h)");

        Assert.Equal((1, 1, 8d), (report.Heading.Epics, report.Heading.Issues, report.Heading.Hours));
    }

    [Fact]
    public void Everything_else_that_is_said_about_an_issue_is_read()
    {
        var issue = One("- [ ] 1.1 [backend, api] Table of `rows (8h)`, columns and [links](http://x/y_(z)) (8h, P2) @agent-d #db, role: backend-engineer, needs approval\n"
            + "  - Keeps the order.\n  - labels: sql, fast\n\n  A second paragraph.\n\n  ```sql\n  - 1.9 select (3h)\n  ```\n");

        Assert.Equal("Table of `rows (8h)`, columns and [links](http://x/y_(z))", issue.Title);
        Assert.Equal(["backend", "api", "db", "sql", "fast"], issue.Labels!);
        Assert.Equal((8d, 2, "agent-d", "backend-engineer", true), (issue.Hours, issue.Priority, issue.Assignee, issue.Role, issue.NeedsApproval));
        Assert.Equal("Keeps the order.\nA second paragraph.\n```sql\n- 1.9 select (3h)\n```", issue.Description);
    }

    [Theory]
    [InlineData("Replace @Input with signals")]
    [InlineData("Parse [Authorize] attributes")]
    [InlineData("Coverage over 80%")]
    [InlineData("Fix C# warnings, then the rest")]
    [InlineData("End-to-end \u2013 second part")]
    [InlineData("Remove `after 1.2` (see the notes)")]
    [InlineData("Done")]
    [InlineData("Migrate to v2.0 (OAuth 2.1)")]
    [InlineData("Clean up after the migration, before lunch")]
    [InlineData("Match src/**/x.cs in globs")]
    [InlineData("Approval of refunds")]
    [InlineData("a,b;c")]
    public void What_only_looks_like_an_annotation_stays_in_the_title(string title) =>
        Assert.Equal(title, One($"- 1.1 {title} (8h)").Title);

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\r")]
    [InlineData("\n")]
    public void Line_ends_of_any_kind_are_read_and_counted(string end)
    {
        var report = PlanParser.Parse(string.Join(end, "\ufeff# Plan", "", "## Epic 1: Storage", "", "- 1.1 Table (8h)", "- 1.2 what (x1h)"));

        Assert.Equal(("Plan", 3, 5), (report.Title, report.Epics[0].Line, report.Epics[0].Issues[0].Line));
        Assert.Equal(6, Assert.Single(report.NotUnderstood).Line);
    }

    [Fact]
    public void Code_quotes_comments_and_prose_are_no_plan()
    {
        var report = Clean("# Plan\n\nWe want speed. Total rewrite of 3 parts.\n\n- be quick\n- be kind\n\n## Epic 1: Storage\n\nThis epic matters.\n\n"
            + "```\n- 1.7 not this (3h)\n<!--\n```\n> - 1.8 nor this (3h)\n<!-- - 1.9 nor\nthis (3h) -->\n- 1.1 Table (8h)\n\n## Risks\n\n- none, or 3\n");

        Assert.Equal("1.1", Assert.Single(report.Epics[0].Issues).Number);
    }

    [Fact]
    public void A_plan_without_epics_is_one_epic()
    {
        var report = Clean("# Small plan\n\n- 1.1 Table (8h)\n- 1.2 Index (2h), after 1.1\n");

        var epic = Assert.Single(report.Epics);
        Assert.Equal((1, "Small plan", 2), (epic.Number, epic.Title, epic.Issues.Count));
        Assert.Null(report.EpicHeadings.Epics);
    }

    [Fact]
    public void Control_and_direction_characters_do_not_reach_a_title() =>
        Assert.Equal("Ta[31mble end", One("- 1.1 Ta\u001b[31mble\u0000\u202e end (8h)").Title);

    private static PlanIssue One(string line) => Assert.Single(Clean("## Epic 1: Storage\n\n" + line).Epics[0].Issues);

    private static PlanReport Clean(string plan)
    {
        var report = PlanParser.Parse(plan);
        Assert.Empty(report.NotUnderstood.Select(finding => finding.Text));
        Assert.Empty(report.Errors.Select(finding => finding.Text));
        Assert.Empty(report.Mismatches.Select(finding => finding.Text));
        return report;
    }
}
