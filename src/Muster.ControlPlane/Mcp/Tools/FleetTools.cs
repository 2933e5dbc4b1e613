using System.ComponentModel;
using ModelContextProtocol.Server;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Progress;
using Muster.Contracts.Work;
using Request = ModelContextProtocol.Server.RequestContext<ModelContextProtocol.Protocol.CallToolRequestParams>;

namespace Muster.ControlPlane.Mcp.Tools;

/// <summary>Tools about how everything stands.</summary>
public static class FleetTools
{
    [McpServerTool(Name = "fleet_status", Title = "Fleet status", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("How everything stands: projects with their progress, agents and hosts with their health.")]
    public static async Task<FleetStatus> StatusAsync(Request request, CancellationToken ct = default)
    {
        var plane = request.Plane();
        var summary = await plane.GetAsync<ProgressSummary>(Routes.ProgressSummary, ct);
        var agents = await plane.GetAsync<Page<AgentInfo>>(Routes.Agents.With(("limit", 200)), ct);
        var hosts = await plane.GetAsync<Page<HostInfo>>(Routes.Hosts.With(("limit", 200)), ct);
        return new FleetStatus(
            [.. summary.Projects.Select(p => new ProjectStanding(p.Project, p.Name, p.Percent, p.Tasks, p.Ready, p.ByStatus, p.HoursDone, p.Hours, p.Velocity, p.Eta))],
            [.. agents.Items.Select(a => new AgentStanding(a.Name, a.Role, a.Model, a.Health, a.Desired, a.Tasks, a.LastError))],
            [.. hosts.Items.Select(h => new HostStanding(h.Name, h.Health, h.Capacity, h.Load))], summary.AgentsWorking);
    }

    [McpServerTool(Name = "attention", Title = "What needs a person", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("What needs a person now: reviews to decide, tasks that failed or are quarantined, agents in trouble.")]
    public static async Task<Attention> AttentionAsync(Request request, [Description("Only of this project")] string? project = null, CancellationToken ct = default)
    {
        var plane = request.Plane();
        var pulls = await plane.GetAsync<Page<PullInfo>>(Routes.Pulls.With(("project", project), ("state", PullState.Open), ("limit", 100)), ct);
        List<TaskLine> stuck = [];
        foreach (var state in (string[])[TaskState.Failed, TaskState.Quarantined])
            stuck.AddRange((await plane.GetAsync<Page<TaskInfo>>(Routes.Tasks.With(("project", project), ("status", state), ("limit", 50)), ct)).Items.Select(TaskLine.Of));
        var agents = await plane.GetAsync<Page<AgentInfo>>(Routes.Agents.With(("active", true), ("limit", 200)), ct);
        return new Attention(
            [.. pulls.Items.Where(ReviewLine.Waits).Select(ReviewLine.Of)], stuck,
            [.. agents.Items.Where(a => a.Desired == DesiredState.Running && a.Health is AgentHealth.Warning or AgentHealth.Stale).Select(a => $"{a.Name}: {a.Health}{(a.LastError is null ? "" : $" ({a.LastError})")}")]);
    }

    [McpServerTool(Name = "cost", Title = "Cost", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("What models have cost: dollars, calls and tokens. Calls whose price is not known are counted apart.")]
    public static Task<CostReport> CostAsync(
        Request request,
        [Description("Grouped by task, agent, model, day, project, role or provider; by model when left out")] string? by = null,
        [Description("Only of this project")] string? project = null,
        [Description("Only since this time")] DateTimeOffset? since = null,
        CancellationToken ct = default) =>
        request.Plane().GetAsync<CostReport>(Routes.ModelCost.With(("by", by ?? "model"), ("project", project), ("since", since?.ToString("O"))), ct);

    [McpServerTool(Name = "recent_events", Title = "Recent events", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("The newest facts that happened, oldest first: of the newest 500, those asked for; or those after a number.")]
    public static async Task<EventList> EventsAsync(
        Request request, [Description("Only of this project")] string? project = null, [Description("Only of this task")] string? task = null,
        [Description("Only after this number")] long? after = null, CancellationToken ct = default)
    {
        var page = await request.Plane().GetAsync<Page<EventInfo>>(Routes.Events.With(("project", project), ("task", task), ("after", after), ("last", after is null ? 500 : null), ("limit", 500)), ct);
        return new EventList([.. (after is null ? page.Items.TakeLast(100) : page.Items.Take(100)).Select(e => new EventLine(e.Seq, e.At, e.Type, e.Text))]);
    }
}

public sealed record ProjectStanding(
    string Key, string Name, double Percent, int Tasks, int Ready, IReadOnlyDictionary<string, int> ByStatus, double HoursDone, double Hours, double? Velocity, DateTimeOffset? Eta);

public sealed record AgentStanding(string Name, string? Role, string? Model, string Health, string Desired, IReadOnlyList<string> Tasks, string? LastError);

public sealed record HostStanding(string Name, string Health, int Capacity, double? Load);

public sealed record FleetStatus(IReadOnlyList<ProjectStanding> Projects, IReadOnlyList<AgentStanding> Agents, IReadOnlyList<HostStanding> Hosts, int AgentsWorking);

public sealed record Attention(IReadOnlyList<ReviewLine> Reviews, IReadOnlyList<TaskLine> Stuck, IReadOnlyList<string> Agents);

public sealed record EventLine(long Seq, DateTimeOffset At, string Type, string Text);

public sealed record EventList(IReadOnlyList<EventLine> Events);
