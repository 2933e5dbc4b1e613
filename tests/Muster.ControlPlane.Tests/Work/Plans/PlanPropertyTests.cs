using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Muster.Contracts.Work;
using Muster.ControlPlane.Work.Plans;

namespace Muster.ControlPlane.Tests.Work.Plans;

/// <summary>What holds for plans that nobody thought of (C4).</summary>
[Trait("req", "C4")]
public sealed class PlanPropertyTests
{
    private static readonly string[] Shreds =
    [
        "# ", "## Epic ", "Epic", "1", "2.1", "1.1 ", "- ", "* ", "[ ] ", "[x] ", "(8h)", "(", ")", "[", "]", "8h", "80%", ", ", " - ", "\u2013", "after ", "1.1-1.9", "@a", "#b", "**", "`", "```\n", "> ",
        "|", "|-|-|\n", "|#|Title|Hours|\n", "Total: ", "issues", "epics", "Blocked until ", "reaches ", "50", "labels: ", "role: ", "\n", "\n", "\r\n", "\n\n", "\t", "    ", "<!--", "-->", "DONE", "\u2705", "\ud83d", "\0", "\u001b", "a title", "===\n", "---\n",
    ];

    private static readonly Arbitrary<(int Size, int Seed)> Cases = Arb.From(
        from size in Gen.Choose(0, 24)
        from seed in Gen.Choose(0, int.MaxValue)
        select (size, seed),
        made => made.size > 0 ? [(made.size / 2, made.seed), (made.size - 1, made.seed)] : []);

    [Fact]
    public void A_plan_in_any_notation_is_read_as_it_was_meant() => Check(500, made =>
    {
        var writer = new PlanWriter(made.Size, made.Seed);
        var plan = writer.Plan();
        var text = writer.Write(plan);

        var report = PlanParser.Parse(text);

        var said = report.NotUnderstood.Concat(report.Mismatches).Concat(report.Errors).Where(finding => !finding.Text.Contains("never start", StringComparison.Ordinal));
        Assert.True(!said.Any(), text + "\n" + string.Join('\n', said.Select(finding => $"{finding.Line}: {finding.Text}")));
        Assert.Equal(plan.ConvertAll(epic => Tell(epic, made.Seed)), report.Epics.Select(epic => Tell(epic, made.Seed)));
    });

    [Fact]
    public void No_text_makes_it_throw_and_no_structured_line_is_dropped() => Check(3_000, made =>
    {
        var random = new Random(made.Seed);
        var text = new StringBuilder("## Epic 1: A\n- 1.1 First (8h)\n\n");
        var shreds = made.Seed % 2 == 0 ? Shreds : Array.FindAll(Shreds, shred => shred.AsSpan().IndexOfAny("`<~|") < 0);
        for (var i = 0; i < made.Size * 6; i++) text.Append(shreds[random.Next(shreds.Length)]);

        var report = PlanParser.Parse(text.ToString());

        var known = report.Epics.Select(epic => epic.Line).Concat(report.Epics.SelectMany(epic => epic.Issues).Select(issue => issue.Line))
            .Concat(report.NotUnderstood.Select(finding => finding.Line ?? 0)).ToHashSet();
        Assert.Contains(2, known);
        // Only what can be told from the line alone: no fence or comment may have swallowed it, no issue taken it as its description.
        if (text.ToString().AsSpan().IndexOfAny("`<~|") >= 0) return;
        var lines = text.ToString().ReplaceLineEndings("\n").Split('\n');
        for (var i = 3; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("- [ ] ", StringComparison.Ordinal) || lines[i].StartsWith("## Epic ", StringComparison.Ordinal) || lines[i].StartsWith("- 2.1 ", StringComparison.Ordinal))
            {
                Assert.True(known.Contains(i + 1) || Tells(report, lines[i]), $"line {i + 1} of\n{text}");
            }
        }
    });

    /// <summary>Allocation stands for work: it is counted, not timed, so that a busy machine changes nothing.</summary>
    [Theory]
    [InlineData("(")]
    [InlineData("[")]
    [InlineData("`")]
    [InlineData("**a ")]
    [InlineData("@a ")]
    [InlineData(" after 1.1")]
    [InlineData(", after 1.1")]
    [InlineData("(8h)")]
    [InlineData("1")]
    [InlineData("1.")]
    [InlineData(" - ")]
    [InlineData("|")]
    [InlineData("[a](")]
    [InlineData("\u2705")]
    public void A_long_line_takes_work_in_proportion_to_its_length(string part)
    {
        foreach (var start in new[] { "## Epic 1: A\n- 1.1 x", "## Epic 1: A ", "Total: ", "## Epic 1: A\nBlocked until Epics 1, ", "## Epic 1: A\n|#|Title|\n|-|-|\n|1.1|", "## Epic 1: A\n- 1.1 x\n  " })
        {
            var work = new[] { 25_000, 50_000, 100_000 }.Select(length => Work(start, part, length)).ToArray();
            Assert.True(work[1] < (work[0] * 2.6) + 100_000 && work[2] < (work[1] * 2.6) + 100_000, $"{start}: {string.Join(", ", work)}");
        }
    }

    private static long Work(string start, string part, int length)
    {
        var text = start + string.Concat(Enumerable.Repeat(part, length / part.Length));
        PlanParser.Parse(text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        PlanParser.Parse(text);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>Under a heading such as "### 1.1 Title" a list is that issue's description.</summary>
    private static bool Tells(PlanReport report, string line)
    {
        var text = PlanText.WithoutBold(PlanText.Clean(line)[2..].TrimStart());
        return text.Length == 0 || report.Epics.SelectMany(epic => epic.Issues).Any(issue => issue.Description?.Contains(text, StringComparison.Ordinal) == true);
    }

    private static string Tell(PlanEpic epic, int seed) =>
        $"{seed}: {epic.Number} {epic.Title} {epic.Stated} {string.Join(',', epic.Gate?.Epics ?? [])} {epic.Gate?.Percent}\n" + string.Join('\n', epic.Issues.Select(Tell));

    private static string Tell(PlanIssue issue) =>
        $"{issue.Number} {issue.Title} {issue.Hours:0.###} {issue.Done} {issue.InProgress} {issue.PercentComplete} {issue.Assignee} {string.Join(',', issue.After)} "
        + $"{string.Join(',', issue.Labels ?? [])} {issue.Priority} {issue.Role} {issue.NeedsApproval} {issue.Description?.Replace("\n", " ", StringComparison.Ordinal)}";

    private static void Check(int times, Action<(int Size, int Seed)> holds) =>
        Prop.ForAll(Cases, made => holds(made)).Check(Config.QuickThrowOnFailure.WithMaxTest(times));
}
