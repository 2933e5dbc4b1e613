using System.Threading.Channels;
using Muster.Client;
using Muster.Contracts.Events;

namespace Muster.Live;

/// <summary>Events as they come, handed over in batches so that one look at the plane serves many of them.</summary>
internal sealed class EventFeed : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);

    // Bounded: whoever looks too slowly holds the stream back, and the plane's stream resumes where it was cut.
    private readonly Channel<EventInfo> _events = Channel.CreateBounded<EventInfo>(1000);
    private readonly CancellationTokenSource _stop;
    private readonly Task _pump;

    public EventFeed(MusterClient muster, long? after, string? project, CancellationToken stop)
        : this(muster, after, project is null ? null : new EventFilter { Project = project }, stop)
    {
    }

    public EventFeed(MusterClient muster, long? after, EventFilter? filter, CancellationToken stop)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _pump = PumpAsync(muster, after, filter);
    }

    /// <summary>What came since the last call; waits up to <paramref name="patience"/> for something.</summary>
    public async Task<IReadOnlyList<EventInfo>> NextAsync(TimeSpan patience, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience);
        try
        {
            if (!await _events.Reader.WaitToReadAsync(limit.Token)) await _pump;
            // Events come in flocks: a short wait lets one redraw show them all.
            await Task.Delay(Pause, ct);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Nothing happened for a while.
        }

        List<EventInfo> batch = [];
        while (_events.Reader.TryRead(out var happened)) batch.Add(happened);
        return batch;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task PumpAsync(MusterClient muster, long? after, EventFilter? filter)
    {
        try
        {
            await foreach (var happened in muster.FollowEventsAsync(after, filter, _stop.Token))
                await _events.Writer.WriteAsync(happened, _stop.Token);
        }
        finally
        {
            _events.Writer.Complete();
        }
    }
}
