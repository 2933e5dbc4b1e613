using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Agents;

public sealed record FleetFacts
{
    public required IReadOnlyList<AgentInfo> Agents { get; init; }
    public required IReadOnlyList<HostInfo> Hosts { get; init; }

    /// <summary>What each spent today, by name.</summary>
    public required IReadOnlyDictionary<string, CostRow> Spent { get; init; }

    /// <summary>Which of them the address asks for.</summary>
    public required string? Only { get; init; }

    /// <summary>What is being worked on, by key.</summary>
    public required IReadOnlyDictionary<string, TaskInfo> Tasks { get; init; }

    public static async Task<FleetFacts> ReadAsync(PageContext page)
    {
        var agents = page.Muster.ListAgentsAsync(limit: 500);
        var hosts = page.Muster.ListHostsAsync(limit: 200);
        var midnight = new DateTimeOffset(page.Now.UtcDateTime.Date, TimeSpan.Zero);
        var spent = page.Muster.GetModelCostAsync("agent", midnight);
        var tasks = page.Muster.ListTasksAsync(status: TaskState.InProgress, limit: 500);
        return new FleetFacts
        {
            // Who is at work first, then who could be.
            Agents = [.. (await agents).Items.OrderBy(a => a.Tasks.Count > 0 ? 0 : a.Health is AgentHealth.Warning or AgentHealth.Stale ? 1 : a.Active ? 2 : 3).ThenBy(a => a.Name, StringComparer.Ordinal)],
            Spent = (await spent).Rows.ToDictionary(r => r.Name, StringComparer.Ordinal),
            Only = page.Asked("show"),
            Hosts = (await hosts).Items,
            Tasks = (await tasks).Items.ToDictionary(t => t.Key, StringComparer.Ordinal),
        };
    }
}
