using Muster.Client;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.Live;

/// <summary>How things stand at one moment.</summary>
internal sealed record Snapshot(IReadOnlyList<TaskInfo> Tasks, IReadOnlyList<AgentInfo> Agents, IReadOnlyList<PullInfo> Pulls)
{
    private const int Most = 200;

    public static async Task<Snapshot> ReadAsync(MusterClient muster, string? project, CancellationToken ct)
    {
        var tasks = await muster.ListTasksAsync(project: project, limit: Most, ct: ct);
        var agents = await muster.ListAgentsAsync(limit: Most, ct: ct);
        var pulls = await muster.ListPullsAsync(project: project, limit: Most, ct: ct);
        return new Snapshot(tasks.Items, agents.Items, pulls.Items);
    }
}
