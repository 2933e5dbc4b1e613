using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Agents;

public sealed record FleetFacts
{
    public required IReadOnlyList<AgentInfo> Agents { get; init; }
    public required IReadOnlyList<HostInfo> Hosts { get; init; }

    /// <summary>What is being worked on, by key.</summary>
    public required IReadOnlyDictionary<string, TaskInfo> Tasks { get; init; }

    public static async Task<FleetFacts> ReadAsync(PageContext page)
    {
        var agents = page.Muster.ListAgentsAsync(limit: 500);
        var hosts = page.Muster.ListHostsAsync(limit: 200);
        var tasks = page.Muster.ListTasksAsync(status: TaskState.InProgress, limit: 500);
        return new FleetFacts
        {
            // Who is at work first, then who could be.
            Agents = [.. (await agents).Items.OrderBy(a => a.Tasks.Count > 0 ? 0 : a.Health is AgentHealth.Warning or AgentHealth.Stale ? 1 : a.Active ? 2 : 3).ThenBy(a => a.Name, StringComparer.Ordinal)],
            Hosts = (await hosts).Items,
            Tasks = (await tasks).Items.ToDictionary(t => t.Key, StringComparer.Ordinal),
        };
    }
}
