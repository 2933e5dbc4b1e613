using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>
/// Takes back the leases that this plane keeps when their time is over; the leader frees tasks whose time has come as well.
/// Touches the store only then.
/// </summary>
public sealed class LeaseKeeper(Store store, LeaseTable leases, DueTimes due, TimeProvider time, ILogger<LeaseKeeper> logger) : BackgroundService
{
    private const int Chunk = 500;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(200);

    protected override Task ExecuteAsync(CancellationToken ct) => Task.WhenAll(SteadilyAsync(TakeBackAsync, ct), store.Leadership.RunAsync(
        term =>
        {
            // What other planes heard of meanwhile is looked up.
            due.Forget();
            return SteadilyAsync(FreeAsync, term);
        }, ct));

    /// <summary>Both at once.</summary>
    public async Task SweepAsync(CancellationToken ct)
    {
        await TakeBackAsync(ct);
        await FreeAsync(ct);
    }

    private async Task SteadilyAsync(Func<CancellationToken, Task> step, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Step, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            try
            {
                await step(ct);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // A store that cannot write now (disk full) may write later; leases stay as they are until then.
                logger.LogError(error, "Leases could not be swept; trying again");
            }
        }
    }

    private async Task TakeBackAsync(CancellationToken ct)
    {
        foreach (var expired in leases.Expired().Chunk(Chunk))
        {
            await store.WriteAsync(tx =>
            {
                // Those that another plane keeps by now are that plane's to take back.
                var mine = tx.Query<string>("SELECT id FROM assignments WHERE id IN @ids AND status = 'active' AND plane_id = @PlaneId",
                    new { ids = expired.Select(l => l.AssignmentId), store.PlaneId }).ToHashSet(StringComparer.Ordinal);
                foreach (var lease in expired.Where(l => mine.Contains(l.AssignmentId)))
                    EndAssignment.Lose(tx, lease.TaskId, lease.Epoch, AssignmentState.Expired, $"The lease of {lease.Seconds} s was not renewed.");
            }, ct);
            foreach (var lease in expired) leases.Drop(lease);
        }
    }

    private async Task FreeAsync(CancellationToken ct)
    {
        if (!due.HasPassed()) return;
        try
        {
            await store.WriteAsync(tx =>
            {
                Readiness.TimePassed(tx);
                due.Reset(tx);
            }, ct);
        }
        catch
        {
            // The next time that was noted is that of a store in which these are free, and they are not.
            due.Forget();
            throw;
        }
    }
}
