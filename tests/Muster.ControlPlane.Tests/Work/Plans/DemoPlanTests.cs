using Muster.ControlPlane.Work.Plans;

namespace Muster.ControlPlane.Tests.Work.Plans;

/// <summary>The plan of <c>./muster demo</c> (A12, C4).</summary>
[Trait("req", "A12")]
public sealed class DemoPlanTests
{
    [Fact]
    public void The_demo_plan_is_without_fault_and_asks_for_the_health_endpoint()
    {
        var report = PlanParser.Parse(File.ReadAllText(Find()));

        Assert.Empty(report.Mismatches);
        Assert.Empty(report.NotUnderstood);
        Assert.Empty(report.Errors);
        Assert.Equal((2, 6, 20d), (report.Heading.Epics, report.Heading.Issues, report.Heading.Hours));
        var health = report.Epics[0].Issues[0];
        Assert.Equal(("Add /v1/health endpoint", 4, "A JSON answer with status and version."), (health.Title, health.Priority, health.Description));
        Assert.Equal(["backend"], health.Labels!);
        Assert.Equal("1.4", Assert.Single(report.Epics.SelectMany(epic => epic.Issues), issue => issue.NeedsApproval == true).Number);
        Assert.Equal(50, report.Epics[1].Gate!.Percent);
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "samples", "demo", "plan.md"))) folder = folder.Parent;
        Assert.NotNull(folder);
        return Path.Combine(folder.FullName, "samples", "demo", "plan.md");
    }
}
