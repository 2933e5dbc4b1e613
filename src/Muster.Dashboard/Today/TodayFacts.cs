using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Progress;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Today;

/// <summary>Everything that a person should know in the morning.</summary>
public sealed record TodayFacts
{
    public required TodayReport Today { get; init; }
    public required IReadOnlyList<HostInfo> Hosts { get; init; }
    public required HealthReport Health { get; init; }
    public required CostReport Spent { get; init; }

    public Needs Needs => Today.Needs;

    public bool IsNew => Today.Summary.Projects.All(p => p.Tasks == 0);

    public static async Task<TodayFacts> ReadAsync(PageContext page)
    {
        var today = page.Muster.GetTodayAsync(page.Preferences.LastLook);
        var hosts = page.Muster.ListHostsAsync(limit: 100);
        var health = page.Muster.GetHealthAsync();
        var spent = page.Muster.GetModelCostAsync("model", since: new DateTimeOffset(page.Now.UtcDateTime.Date, TimeSpan.Zero));
        return new TodayFacts { Today = await today, Hosts = (await hosts).Items, Health = await health, Spent = await spent };
    }
}
