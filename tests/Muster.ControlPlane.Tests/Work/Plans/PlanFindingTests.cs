using System.Text;
using Muster.Contracts.Work;
using Muster.ControlPlane.Work.Plans;

namespace Muster.ControlPlane.Tests.Work.Plans;

/// <summary>What a plan gets wrong is named with its line, never hidden (C4).</summary>
[Trait("req", "C4")]
public sealed class PlanFindingTests
{
    [Theory]
    [InlineData("- Write the docs (8h)")]
    [InlineData("- [ ] Write the docs")]
    [InlineData("- talk to Bob")]
    [InlineData("- 1.3 Docs (about 8 hours)")]
    [InlineData("- 1.3 Docs (8-10h)")]
    [InlineData("- 1.3 Docs (~8h)")]
    [InlineData("- 1.3 Docs (24)")]
    [InlineData("- 1.3 Docs 8h")]
    [InlineData("- 1.3 Docs (8h) (9h)")]
    [InlineData("- 1.3 Docs (8h, more or less)")]
    [InlineData("- 1.3 Docs (8h), after 1.1 and the meeting")]
    [InlineData("- 1.3 Docs (8h), after 1.x")]
    [InlineData("- 1.3 Docs (8h), after 1.9-1.1")]
    [InlineData("- 1.3 Docs (8h), after Epic 1")]
    [InlineData("- 1.3 (8h)")]
    [InlineData("- [?] 1.3 Docs (8h)")]
    [InlineData("- 1.3 Docs (8h) @bob @ann")]
    [InlineData("- 1,3 Docs (8h)")]
    [InlineData("- 1.3x Docs (8h)")]
    [InlineData("1.3 million people wait for this")]
    [InlineData("Blocked until the design is approved")]
    [InlineData("Blocked until Epic 1 reaches half")]
    [InlineData("Blocked until Epic 1 reaches 150%")]
    [InlineData("Blocked until Epic 1 reaches 50% by issues")]
    [InlineData("Blocked until Epics 9-1 reach 50%")]
    [InlineData("Gate: soon")]
    [InlineData("Total: many issues")]
    [InlineData("Total: 12 hours")]
    [InlineData("Epic 2: Next (3 issues, 8h)")]
    [InlineData("# Epic Two: Next")]
    [InlineData("# Epic 2b: Next")]
    [InlineData("| 1.3 | Docs | 8 |")]
    [InlineData("```")]
    [InlineData("<!-- for later")]
    public void A_line_that_cannot_be_read_is_named(string line)
    {
        var report = PlanParser.Parse("## Epic 1: Storage\n- 1.1 Table (8h)\n- 1.2 Index (8h)\n\n" + line);

        Assert.Contains(5, report.NotUnderstood.Select(finding => finding.Line ?? 0));
        Assert.Equal(["1.1", "1.2"], report.Epics[0].Issues.Take(2).Select(issue => issue.Number));
    }

    [Theory]
    [InlineData("- 1.1 Table (8h)\n\n## Epic 1: Storage\n- 1.2 Index (1h)", 1)]
    [InlineData("## Epic 1: Storage\n- 1.2 Index (1h)\n\n## Later\n\n- 1.1 Table (8h)", 6)]
    [InlineData("## Epic One: Storage\n- 1.1 Table (8h)", 2)]
    [InlineData("## Epic 1: Storage\n|Risk|Cost|\n|-|-|\n|fire|3|", 2)]
    [InlineData("## Epic 1: Storage\n|#|Title|Mood|\n|-|-|-|\n|1.1|Table|good|", 2)]
    [InlineData("## Epic 1: Storage\n|#|Title|\n|-|-|\n|one|Table|", 4)]
    [InlineData("## Epic 1: Storage\n|#|Title|Hours|\n|-|-|-|\n|1.1|Table|some|", 4)]
    [InlineData("## Epic 1: Storage (many issues, 9h or so)\n- 1.1 Table (8h)", 1)]
    [InlineData("Blocked until Epic 1 reaches 50%\n\n## Epic 1: Storage\n- 1.1 Table (8h)", 1)]
    public void A_line_in_the_wrong_place_is_named(string plan, int line) =>
        Assert.Contains(line, PlanParser.Parse(plan).NotUnderstood.Select(finding => finding.Line ?? 0));

    [Theory]
    [InlineData("Total: 3 issues in 2 epics, 20h\n## Epic 1: A (2 issues, 16h)\n- 1.1 a (8h)\n- 1.2 b (8h)", "2 epics|3 issues|20 hours")]
    [InlineData("## Epic 1: A (3 issues, 20h)\n- 1.1 a (8h)\n- 1.2 b", "says 3 issues; 2 are listed|says 20 hours; 8 are listed (1 issues say no hours)")]
    [InlineData("## Epic 1: A\n- [x] 1.1 a (8h, 80%)\n- [ ] 1.2 b (100%)", "1.1 is marked done and says 80%|1.2 says 100% and is not marked done")]
    [InlineData("## Epic 1: A\n- [ ] 1.1 a (8h) DONE", "1.1 is marked done in one place and open in another")]
    [InlineData("## Epic 1: A DONE\n- 2.1 a (8h)", "2.1 stands under Epic 1")]
    [InlineData("## Epic 1: A (DONE)\n- 1.1 a (8h)", "Epic 1 is marked done; 1 of its issues are not")]
    [InlineData("## Epic 1: A (50% complete)\n- 1.1 a (8h)", "says 50%; by its issues it is 0%")]
    public void A_contradiction_is_named(string plan, string texts)
    {
        var report = PlanParser.Parse(plan);

        Assert.Empty(report.NotUnderstood);
        Assert.Equal(texts.Split('|').Length, report.Mismatches.Count);
        foreach (var (text, finding) in texts.Split('|').Zip(report.Mismatches)) Assert.Contains(text, finding.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("## Epic 1: A\n- 1.1 a (8h)\n- 1.1 b (8h)", 3, "1.1 stands also in line 2")]
    [InlineData("## Epic 1: A\n- 1.1 a (8h)\n## Epic 1: B\n- 1.2 b (8h)", 3, "Epic 1 stands also in line 1")]
    [InlineData("## Epic 1: A\n- 1.1 a (8h), after 1.7", 2, "1.1 comes after 1.7, which the plan does not have")]
    [InlineData("## Epic 1: A\n- 1.1 a (8h), after 1.1", 2, "1.1 comes after itself")]
    [InlineData("## Epic 1: A\n- 1.1 a, after 1.3\n- 1.2 b, after 1.1\n- 1.3 c, after 1.2", 2, "1.1 -> 1.3 -> 1.2 -> 1.1")]
    [InlineData("## Epic 1: A\nBlocked until Epic 7 reaches 5%\n- 1.1 a (8h)", 2, "Epic 1 waits for Epic 7")]
    [InlineData("## Epic 1: A\nBlocked until Epic 1 reaches 5%\n- 1.1 a (8h)", 2, "Epic 1 waits for itself")]
    [InlineData("## Epic 1: A\nBlocked until Epic 2 reaches 5%\n- 1.1 a\n## Epic 2: B\nBlocked until Epic 1 reaches 5%\n- 2.1 b", 2, "Epic 1 -> Epic 2 -> Epic 1")]
    [InlineData("## Epic 1: A\n- 1.1 a (8h), after 2.1\n## Epic 2: B\nBlocked until Epic 1 reaches 50%\n- 2.1 b", 2, "can never start: 1.1, 2.1")]
    public void What_makes_an_import_impossible_is_named(string plan, int line, string text)
    {
        var error = Assert.Single(PlanParser.Parse(plan).Errors);

        Assert.Equal(line, error.Line);
        Assert.Contains(text, error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gate_that_an_outside_dependency_can_still_open_is_no_error() =>
        Assert.Empty(PlanParser.Parse("## Epic 1: A\n- 1.1 a (8h)\n- 1.2 b (8h), after 2.1\n## Epic 2: B\nBlocked until Epic 1 reaches 50%\n- 2.1 b").Errors);

    [Fact]
    public void Limits_are_errors_that_say_what_to_do()
    {
        Assert.Contains("larger than", Error(new string('a', PlanParser.LargestPlan + 1)), StringComparison.Ordinal);
        Assert.Contains("larger than", Error(new string('\u20ac', PlanParser.LargestPlan / 2)), StringComparison.Ordinal);
        Assert.Contains("the title of 1.1 has 501", Error("## Epic 1: A\n- 1.1 " + new string('a', 501) + " (8h)"), StringComparison.Ordinal);
        var plan = new StringBuilder("## Epic 1: A\n");
        for (var i = 0; i <= PlanParser.MostIssues; i++) plan.Append("- 1.").Append(i).Append(" a (1h)\n");
        var report = PlanParser.Parse(plan.ToString());
        Assert.Contains("more than 10,000 issues", Assert.Single(report.Errors).Text, StringComparison.Ordinal);
        Assert.Equal(PlanParser.MostIssues, report.Listed.Issues);
    }

    [Fact]
    public void A_chain_as_long_as_a_plan_may_be_is_ordered_without_a_stack()
    {
        var plan = new StringBuilder("## Epic 1: A\n- 1.1 a\n");
        for (var i = 2; i <= PlanParser.MostIssues; i++) plan.Append("- 1.").Append(i).Append(" a, after 1.").Append(i - 1).Append('\n');

        Assert.Empty(PlanParser.Parse(plan.ToString()).Errors);
        plan.Replace("- 1.1 a\n", "- 1.1 a, after 1.10000\n");
        Assert.Contains("1.1 -> 1.10000 -> 1.9999", Assert.Single(PlanParser.Parse(plan.ToString()).Errors).Text, StringComparison.Ordinal);
    }

    private static string Error(string plan) => Assert.Single(PlanParser.Parse(plan).Errors).Text;
}
