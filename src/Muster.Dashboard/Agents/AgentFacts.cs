using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Progress;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Agents;

public sealed record AgentFacts
{
    private const int Most = 50;

    /// <summary>What it has and had to do. State by state, because only those that are done are many, and those come in order.</summary>
    private static readonly string[] Shown = [TaskState.InProgress, TaskState.Review, TaskState.Failed, TaskState.Quarantined, TaskState.Done];

    public required AgentInfo Agent { get; init; }
    public required AgentProgress? Progress { get; init; }
    public required IReadOnlyList<TaskInfo> Tasks { get; init; }
    public required CostRow? Spent { get; init; }

    public static async Task<AgentFacts> ReadAsync(PageContext page)
    {
        var agent = await page.Muster.GetAgentAsync(page.Value("name")!);
        var progress = page.Muster.ListAgentProgressAsync(agent.Id);
        var tasks = Task.WhenAll(Shown.Select(state => page.Muster.ListTasksAsync(agent: agent.Id, status: state, order: state == TaskState.Done ? "ended" : "recent", limit: Most)));
        var cost = page.Muster.GetModelCostAsync("agent", page.Now.AddDays(-30));
        return new AgentFacts
        {
            Agent = agent,
            Progress = await progress is [var one, ..] ? one : null,
            Tasks = [.. (await tasks).SelectMany(some => some.Items).OrderByDescending(task => task.UpdatedAt).Take(Most)],
            Spent = (await cost).Rows.FirstOrDefault(r => r.Name == agent.Name),
        };
    }
}
