using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Progress;

/// <summary>Keeps <see cref="DoneCounts"/>: the leader, hourly, a day at a time, so that the writer is never held for long.</summary>
public sealed class DoneCounter(Store store, TimeProvider time, ILogger<DoneCounter> logger) : BackgroundService
{
    /// <summary>Parts that the days are counted anew in: hours of a week.</summary>
    private const int Parts = 168;

    protected override Task ExecuteAsync(CancellationToken ct) => store.Leadership.RunAsync(LeadAsync, ct);

    public async Task RunAsync(CancellationToken ct)
    {
        while (await store.WriteAsync(DoneCounts.Advance, ct))
        {
            // Another day is old enough; others write in between.
        }

        var part = time.GetUtcNow().ToUnixTimeSeconds() / 3600 % Parts;
        var (first, end) = await store.ReadAsync(DoneCounts.DaysAsync, ct);
        for (var day = first; day < end; day++)
        {
            if (day % Parts != part) continue;
            var again = day;
            await store.WriteAsync(tx =>
            {
                DoneCounts.CountAgain(tx, again);
                return true;
            }, ct);
        }
    }

    private async Task LeadAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), time);
        do
        {
            try
            {
                await RunAsync(ct);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                logger.LogError(error, "What is done could not be counted; trying again in an hour");
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }
}
