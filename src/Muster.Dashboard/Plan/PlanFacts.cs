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
    public required BurnUp? BurnUp { get; init; }

    public static async Task<PlanFacts> ReadAsync(PageContext page)
    {
        var projects = (await page.Muster.ListProjectsAsync(limit: 200)).Items;
        var key = page.Value("project") ?? projects switch { [] => null, [var one] => one.Key, _ => await LastActiveAsync(page) ?? projects[0].Key };
        if (key is null) return new PlanFacts { Projects = projects, Tasks = [], Graph = [], BurnUp = null, Cut = false };
        var progress = page.Muster.GetPlanAsync(key);
        var burnUp = page.Muster.GetBurnUpAsync(key);
        var tasks = (await page.Muster.ListTasksAsync(key, limit: MostInGraph + 1)).Items;
        var shown = tasks.Take(MostInGraph).Where(t => t.Status != TaskState.Cancelled).ToList();
        return new PlanFacts
        {
            Projects = projects,
            Progress = await progress,
            Tasks = shown,
            Cut = tasks.Count > MostInGraph,
            Graph = Layered.Of([.. shown.Select(t => new Node(t.Key, t.DependsOn, t.Status == TaskState.Done ? 0 : t.EstimateHours is > 0 and var hours ? hours : 1))]),
            BurnUp = await burnUp,
        };
    }

    /// <summary>The project that something is done in, or was changed last of those with work left.</summary>
    private static async Task<string?> LastActiveAsync(PageContext page)
    {
        foreach (var state in (string[])[TaskState.InProgress, TaskState.Pending, TaskState.Review])
            if ((await page.Muster.ListTasksAsync(status: state, order: "recent", limit: 1)).Items is [var task]) return task.Project;
        return null;
    }
}
