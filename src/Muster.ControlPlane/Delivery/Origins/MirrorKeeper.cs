using Dapper;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Origins;

/// <summary>The leader tidies the mirrors once a day, so that neither many small pushes nor refused ones pile up.</summary>
internal sealed class MirrorKeeper(Store store, IRepositories repositories, TimeProvider time, ILogger<MirrorKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromDays(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        store.Leadership.RunAsync(term => Steadily.RunAsync(StepAsync, "Tidying mirrors", logger, time, term), stoppingToken);

    private async Task StepAsync(CancellationToken ct)
    {
        await Task.Delay(Interval, time, ct);
        var projects = await store.ReadAsync(c => c.QueryAsync<string>("SELECT id FROM projects WHERE repository IS NOT NULL"), ct);
        foreach (var project in projects)
            if (repositories.Open(project) is { } repository) await repository.TidyAsync(ct);
    }
}
