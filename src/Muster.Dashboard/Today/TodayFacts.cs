using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Progress;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Today;

/// <summary>Everything that a person should know in the morning, read side by side and bounded.</summary>
public sealed record TodayFacts
{
    /// <summary>Most of a kind that a page shows; the count says how many there are.</summary>
    private const int Most = 20;

    public required ProgressSummary Summary { get; init; }
    public required IReadOnlyList<PullInfo> Pulls { get; init; }
    public required IReadOnlyList<GoalInfo> Plans { get; init; }
    public required IReadOnlyList<GoalInfo> Goals { get; init; }
    public required IReadOnlyList<TaskInfo> Questions { get; init; }
    public required IReadOnlyList<TaskInfo> Broken { get; init; }
    public required IReadOnlyList<TaskInfo> Running { get; init; }
    public required IReadOnlyList<TaskInfo> Done { get; init; }
    public required IReadOnlyList<AgentInfo> Agents { get; init; }
    public required IReadOnlyList<HostInfo> Hosts { get; init; }
    public required HealthReport Health { get; init; }
    public required CostReport Spent { get; init; }
    public required IReadOnlyList<BudgetInfo> Budgets { get; init; }

    /// <summary>What happened last that could not be asked as it was: how an agent's question reads.</summary>
    public required IReadOnlyDictionary<string, string> Words { get; init; }

    public IReadOnlyList<AgentInfo> Ill => [.. Agents.Where(a => a.Active && a.Desired == DesiredState.Running && a.Definition is not null && a.Health is AgentHealth.Stale || (a.LastError is not null && a.Health == AgentHealth.Offline && a.Desired == DesiredState.Running))];

    public required IReadOnlyList<GoalInfo> FailedGoals { get; init; }
    public required IReadOnlyList<QueueEntry> BlockedEpics { get; init; }

    /// <summary>Of each project and environment where the newest deployment did not come up, that one.</summary>
    public required IReadOnlyList<DeploymentInfo> FailedDeployments { get; init; }

    /// <summary>Tools whose tests passed and that wait for a word.</summary>
    public required IReadOnlyList<ToolInfo> TestedTools { get; init; }

    /// <summary>Budgets of which little or nothing is left.</summary>
    public IReadOnlyList<BudgetInfo> Tight => [.. Budgets.Where(b => b.Used.Percent >= 80)];

    public int Needs => FailedGoals.Count + BlockedEpics.Count + FailedDeployments.Count + TestedTools.Count + Tight.Count + Pulls.Count + Plans.Count + Questions.Count + Broken.Count + Ill.Count;

    public bool IsNew => Summary.Projects.Count == 0 || Summary.Projects.All(p => p.Tasks == 0);

    public static async Task<TodayFacts> ReadAsync(PageContext page)
    {
        var (muster, now, since) = (page.Muster, page.Now, page.Preferences.LastLook);
        var midnight = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        var summary = muster.GetProgressSummaryAsync();
        var pulls = muster.ListPullsAsync(state: PullState.Open, limit: 100);
        var plans = muster.ListGoalsAsync(GoalState.WaitingApproval, limit: Most);
        var running = muster.ListGoalsAsync(GoalState.Running, limit: Most);
        var planning = muster.ListGoalsAsync(GoalState.Planning, limit: Most);
        var questions = muster.ListTasksAsync(waiting: WaitingCodes.Approval, limit: Most);
        var failed = muster.ListTasksAsync(status: TaskState.Failed, order: "recent", limit: Most);
        var poison = muster.ListTasksAsync(status: TaskState.Quarantined, order: "recent", limit: Most);
        var busy = muster.ListTasksAsync(status: TaskState.InProgress, order: "priority", limit: Most);
        var review = muster.ListTasksAsync(status: TaskState.Review, order: "recent", limit: Most);
        var done = muster.ListTasksAsync(status: TaskState.Done, order: "recent", limit: Most);
        var agents = muster.ListAgentsAsync(limit: 500);
        var hosts = muster.ListHostsAsync(limit: 100);
        var health = muster.GetHealthAsync();
        var spent = muster.GetModelCostAsync("model", since: midnight);
        var budgets = muster.ListBudgetsAsync(limit: 100);
        var lost = muster.ListGoalsAsync(GoalState.Failed, limit: Most);
        var queue = muster.ListMergeQueueAsync();
        var deployments = muster.ListDeploymentsAsync(limit: 50);
        var tools = muster.ListToolsAsync(ToolStates.Tested, limit: Most);
        var asked = (await questions).Items;
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        var said = asked.Where(t => t.LastReason is null).Select(t => (t.Id, Updates: muster.ListTaskUpdatesAsync(t.Id, limit: 100))).ToList();
        foreach (var task in asked) words[task.Id] = task.LastReason ?? "";
        foreach (var (id, updates) in said) words[id] = (await updates).Items is [.., var last] ? last.Text : "";
        var pullsOpen = (await pulls).Items.Where(p => p is { NeedsApproval: true, Approved: false }).ToList();
        return new TodayFacts
        {
            Summary = await summary,
            Pulls = pullsOpen,
            Plans = (await plans).Items,
            Goals = [.. (await planning).Items, .. (await running).Items],
            Questions = asked,
            Broken = [.. (await poison).Items, .. (await failed).Items],
            // What waits for a person's word is named above.
            Running = [.. (await busy).Items, .. (await review).Items.Where(t => pullsOpen.All(p => p.TaskId != t.Id))],
            Done = [.. (await done).Items.Where(t => since is null || t.CompletedAt >= since)],
            Agents = (await agents).Items,
            Hosts = (await hosts).Items,
            Health = await health,
            Spent = await spent,
            Budgets = (await budgets).Items,
            Words = words,
            FailedGoals = (await lost).Items,
            BlockedEpics = [.. (await queue).Where(e => e is { Epic: not null, State: "blocked" })],
            FailedDeployments = [.. (await deployments).Items.GroupBy(d => (d.ProjectId, d.Environment)).Select(g => g.First()).Where(d => d.State is DeploymentState.Failed or DeploymentState.RolledBack)],
            TestedTools = (await tools).Items,
        };
    }
}
