using System.Collections.Concurrent;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Muster.ControlPlane.Mcp.Http;

/// <summary>
/// The newest messages of one session's streams, so that a client whose connection broke goes on after the last it has.
/// Lives as long as the session; an answer that was not kept is asked for again by its client.
/// </summary>
internal sealed class KeptStreams(int most) : ISseEventStreamStore
{
    private const int MostStreams = 64;
    private readonly ConcurrentDictionary<string, KeptStream> _streams = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _order = new();

    public ValueTask<ISseEventStreamWriter> CreateStreamAsync(SseEventStreamOptions options, CancellationToken cancellationToken = default)
    {
        var stream = new KeptStream(options.SessionId, options.StreamId, most);
        if (_streams.TryAdd(options.StreamId, stream)) _order.Enqueue(options.StreamId);
        else _streams[options.StreamId] = stream;
        while (_order.Count > MostStreams && _order.TryDequeue(out var oldest)) _streams.TryRemove(oldest, out _);
        return new(stream);
    }

    public ValueTask<ISseEventStreamReader?> GetStreamReaderAsync(string lastEventId, CancellationToken cancellationToken = default)
    {
        var mark = lastEventId.LastIndexOf(':');
        if (mark < 0 || !long.TryParse(lastEventId.AsSpan(mark + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var seen)) return new((ISseEventStreamReader?)null);
        return new(_streams.TryGetValue(lastEventId[..mark], out var stream) ? new Reader(stream, seen) : null);
    }

    private sealed class Reader(KeptStream stream, long after) : ISseEventStreamReader
    {
        public string SessionId => stream.SessionId;

        public string StreamId => stream.StreamId;

        public IAsyncEnumerable<SseItem<JsonRpcMessage?>> ReadEventsAsync(CancellationToken cancellationToken = default) => stream.ReadAsync(after, cancellationToken);
    }
}

/// <summary>One stream: its newest messages, and whoever waits for the next.</summary>
internal sealed class KeptStream(string session, string id, int most) : ISseEventStreamWriter
{
    private readonly Lock _gate = new();
    private readonly Queue<(long Number, SseItem<JsonRpcMessage?> Item)> _kept = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _last;
    private bool _ended;

    public string SessionId => session;

    public string StreamId => id;

    // Whoever comes back is held until there is more, in either mode.
    public ValueTask SetModeAsync(SseEventStreamMode mode, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask<SseItem<JsonRpcMessage?>> WriteEventAsync(SseItem<JsonRpcMessage?> sseItem, CancellationToken cancellationToken = default)
    {
        if (sseItem.EventId is not null) return new(sseItem);
        lock (_gate)
        {
            var numbered = sseItem with { EventId = string.Create(CultureInfo.InvariantCulture, $"{id}:{++_last}") };
            _kept.Enqueue((_last, numbered));
            if (_kept.Count > most) _kept.Dequeue();
            Wake();
            return new(numbered);
        }
    }

    public async IAsyncEnumerable<SseItem<JsonRpcMessage?>> ReadAsync(long after, [EnumeratorCancellation] CancellationToken ct)
    {
        while (true)
        {
            List<(long Number, SseItem<JsonRpcMessage?> Item)> next;
            Task more;
            bool over;
            lock (_gate)
            {
                next = [.. _kept.Where(kept => kept.Number > after)];
                over = _ended;
                more = _more.Task;
            }

            foreach (var (number, item) in next)
            {
                yield return item;
                after = number;
            }

            if (over) yield break;
            await more.WaitAsync(ct);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _ended = true;
            Wake();
        }

        return ValueTask.CompletedTask;
    }

    private void Wake()
    {
        _more.TrySetResult();
        _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
