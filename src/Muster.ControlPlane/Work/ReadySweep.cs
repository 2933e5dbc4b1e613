using System.Threading.Channels;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Looks now and then whether memory and store agree on what is ready; at once when something may have been missed.</summary>
public sealed class ReadySweep(Store store, ReadyTasks ready, TimeProvider time, ILogger<ReadySweep> logger) : BackgroundService
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    private readonly Channel<bool> _missed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile bool _stirred;

    protected override async Task ExecuteAsync(CancellationToken ct)
    {
        store.Listen(Hear);
        while (true)
        {
            var missed = await MissedAsync(ct);
            // Where nothing was committed nothing can be amiss: a quiet plane asks its store nothing.
            if (!missed && !_stirred) continue;
            _stirred = false;
            try
            {
                if (missed) await ready.LoadAsync(ct);
                else await ready.SweepAsync(ct);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                _stirred = true;
                logger.LogError(error, "The ready tasks could not be looked at; trying again");
                await Task.Delay(TimeSpan.FromSeconds(1), time, ct);
            }
        }
    }

    private void Hear(Committed committed)
    {
        _stirred = true;
        if (committed.Signals.Any(s => s is LookAgain)) _missed.Writer.TryWrite(true);
    }

    /// <summary>Waits for a step; true when something may have been missed, and then at once.</summary>
    private async Task<bool> MissedAsync(CancellationToken ct)
    {
        try
        {
            return await _missed.Reader.ReadAsync(ct).AsTask().WaitAsync(Step, time, ct);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
