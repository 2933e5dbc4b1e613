using Muster.Contracts.Progress;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;
using Muster.Dashboard.Kit.Charts;

namespace Muster.Dashboard.Plan;

/// <summary>The plan of one project: its epics, how its tasks wait for each other, and when it will be done.</summary>
public sealed record PlanFacts
{
    /// <summary>Tasks that a graph can show and be read.</summary>
    private const int MostInGraph = 300;

    public required IReadOnlyList<ProjectInfo> Projects { get; init; }

    /// <summary>Null while there is no project.</summary>
    public ProjectProgress? Progress { get; init; }
    public required IReadOnlyList<TaskInfo> Tasks { get; init; }
    public required bool Cut { get; init; }
    public required IReadOnlyList<Placed> Graph { get; init; }
    public required IReadOnlyList<SnapshotInfo> History { get; init; }

    public static async Task<PlanFacts> ReadAsync(PageContext page)
    {
        var projects = (await page.Muster.ListProjectsAsync(limit: 200)).Items;
        var key = page.Value("project") ?? (projects is [var first, ..] ? first.Key : null);
        if (key is null) return new PlanFacts { Projects = projects, Tasks = [], Graph = [], History = [], Cut = false };
        var progress = page.Muster.GetPlanAsync(key);
        var history = page.Muster.ListSnapshotsAsync(key);
        var tasks = (await page.Muster.ListTasksAsync(key, limit: MostInGraph + 1)).Items;
        var shown = tasks.Take(MostInGraph).Where(t => t.Status != TaskState.Cancelled).ToList();
        return new PlanFacts
        {
            Projects = projects,
            Progress = await progress,
            Tasks = shown,
            Cut = tasks.Count > MostInGraph,
            Graph = Layered.Of([.. shown.Select(t => new Node(t.Key, t.DependsOn, t.EstimateHours ?? 1))]),
            History = await history,
        };
    }
}
