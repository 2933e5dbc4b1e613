using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Takes leases back when their time is over and frees tasks whose time has come. Touches the store only then.</summary>
public sealed class LeaseKeeper(Store store, LeaseTable leases, DueTimes due, TimeProvider time, ILogger<LeaseKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(200);

    protected override async Task ExecuteAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Step, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            try
            {
                await SweepAsync(ct);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // A store that cannot write now (disk full) may write later; leases stay as they are until then.
                logger.LogError(error, "Leases could not be swept; trying again");
            }
        }
    }

    public async Task SweepAsync(CancellationToken ct)
    {
        var expired = leases.Expired();
        if (expired.Count > 0)
        {
            await store.WriteAsync(tx =>
            {
                foreach (var lease in expired)
                    EndAssignment.Lose(tx, lease.TaskId, lease.Epoch, AssignmentState.Expired, $"The lease of {lease.Seconds} s was not renewed.");
            }, ct);
        }

        if (!due.HasPassed()) return;
        await store.WriteAsync(tx =>
        {
            Readiness.TimePassed(tx);
            due.Reset(tx);
        }, ct);
    }
}
