using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Progress;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Health;

/// <summary>How the engine is, part by part, and what everything depends on outside of it.</summary>
public sealed record HealthFacts
{
    public required HealthReport Report { get; init; }
    public required ModelsInfo Models { get; init; }
    public required IReadOnlyList<PlaneInfo> Planes { get; init; }
    public required IReadOnlyList<HostInfo> Hosts { get; init; }
    public required IReadOnlyList<AgentInfo> Ill { get; init; }
    public required Statistics Counted { get; init; }

    public static async Task<HealthFacts> ReadAsync(PageContext page)
    {
        var muster = page.Muster;
        var report = muster.GetHealthAsync();
        var models = muster.GetModelsAsync();
        var planes = muster.ListPlanesAsync();
        var hosts = muster.ListHostsAsync(limit: 100);
        var agents = muster.ListAgentsAsync(limit: 500);
        var counted = muster.GetStatisticsAsync();
        return new HealthFacts
        {
            Report = await report,
            Models = await models,
            Planes = (await planes).Items,
            Hosts = (await hosts).Items,
            Ill = [.. (await agents).Items.Where(a => a.Active && a.Health is AgentHealth.Warning or AgentHealth.Stale || (a.LastError is not null && a.Desired == DesiredState.Running && a.Health != AgentHealth.Healthy))],
            Counted = await counted,
        };
    }
}
