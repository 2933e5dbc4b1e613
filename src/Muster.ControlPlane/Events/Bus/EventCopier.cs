using Dapper;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Operations.State;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Events.Bus;

/// <summary>
/// Reads the log and appends it to a copy outside, each event once and in order; after any loss it goes on where the copy
/// ends. One plane at a time, as a courtesy: two of them would only stand in each other's way.
/// </summary>
public sealed class EventCopier(Store store, EventLog log, IEnumerable<IEventCopy> copies, SharedLocks locks, TimeProvider time, ILogger<EventCopier> logger) : BackgroundService
{
    private const int Batch = 256;

    private static readonly EventFilter Everything = new(null, null, null);
    private static readonly LockKind Turn = new("event-copy", TimeSpan.FromSeconds(15), Stake.Courtesy);
    private static readonly TimeSpan Extend = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly IEventCopy? _copy = copies.FirstOrDefault();
    private long _reached;
    private bool _elsewhere;

    /// <summary>Null when there is no copy.</summary>
    public PartHealth? Health => _copy is null ? null
        : _copy.Health is { IsHealthy: false } fault ? PartHealth.Degraded($"{fault.Detail} Nothing is lost: it goes on where it stopped.")
        : PartHealth.Healthy(_elsewhere ? "written by another plane" : $"{_copy.Health.Detail}, up to event {Interlocked.Read(ref _reached)}");

    protected override async Task ExecuteAsync(CancellationToken ct)
    {
        if (_copy is null) return;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await using var turn = await locks.TryTakeAsync(Turn, ct);
                _elsewhere = turn is null;
                if (turn is not null) await CopyAsync(_copy, turn, ct);
            }
            catch (EventCopyLostException lost)
            {
                logger.LogInformation("The copy of the event log is opened anew: {Reason}", lost.Message);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                logger.LogError(error, "The event log could not be copied; it is tried again");
            }

            // Drawn, so that two planes that were both refused do not meet again.
            await Task.Delay(Pause * (1 + Random.Shared.NextDouble()), time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task CopyAsync(IEventCopy copy, HeldLock turn, CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var keeping = KeepAsync(turn, ending);
        try
        {
            var after = await copy.OpenAsync(IsOursAsync, ending.Token) ?? await log.LastSeqAsync(ending.Token);
            Interlocked.Exchange(ref _reached, after);
            await FollowAsync(copy, after, ending);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The turn went to another plane.
        }
        finally
        {
            await ending.CancelAsync();
            await keeping;
        }
    }

    private async Task FollowAsync(IEventCopy copy, long after, CancellationTokenSource ending)
    {
        var events = log.FollowAsync(after, Everything, ending.Token).GetAsyncEnumerator(ending.Token);
        var next = events.MoveNextAsync().AsTask();
        try
        {
            while (await next)
            {
                List<EncodedEvent> batch = [];
                do
                {
                    batch.Add(events.Current);
                    next = events.MoveNextAsync().AsTask();
                }
                while (batch.Count < Batch && next.IsCompletedSuccessfully && await next);
                await copy.WriteAsync(batch, ending.Token);
                Interlocked.Exchange(ref _reached, batch[^1].Row.Seq);
            }
        }
        finally
        {
            // A reader that is still asked for its next event cannot be let go of.
            await ending.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await events.DisposeAsync();
        }
    }

    private async Task KeepAsync(HeldLock turn, CancellationTokenSource ending)
    {
        try
        {
            using var timer = new PeriodicTimer(Extend, time);
            while (await timer.WaitForNextTickAsync(ending.Token))
                if (!await turn.ExtendAsync(ending.Token)) break;
            await ending.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The copying has ended.
        }
    }

    private async Task<bool> IsOursAsync(long seq, string id)
    {
        var known = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>("SELECT id FROM events WHERE seq = @seq", new { seq }));
        return known is null ? seq < await store.ReadAsync(c => c.QueryFirstAsync<long>("SELECT COALESCE(MIN(seq), 0) FROM events")) : known == id;
    }
}
