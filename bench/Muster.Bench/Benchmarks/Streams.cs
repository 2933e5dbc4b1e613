using System.Buffers.Text;
using System.Diagnostics;
using Muster.Bench.Measure;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Benchmarks;

/// <summary>Events to a thousand readers of the stream: none is lost, none comes twice; how many deliveries a second, and how late.</summary>
internal static class Streams
{
    public static Benchmark Benchmark { get; } = new("streams", "events to 1,000 stream readers without loss: deliveries/s, lateness, memory a reader", RunAsync);

    private static async Task RunAsync(Session session)
    {
        var readers = session.Options.Quick ? 100 : 1000;
        await using var plane = await SeededPlane.StartAsync(session, 1);
        using var warm = await Audience.JoinAsync(plane, 10, session.Stop);
        await warm.ReceiveAsync(2000, null, session.Stop);
        var before = plane.Usage().Resident;
        using var audience = await Audience.JoinAsync(plane, readers, session.Stop);
        await Rounds.CompareAsync(session, Benchmark.Name, readers,
            ("as many as go", () => Task.FromResult<IContender>(new Listening("as many as go", "deliveries/s", plane, audience, session.Options.Quick ? 200 : 1000, null))),
            ("50 events a second", () => Task.FromResult<IContender>(new Listening("50 events a second", "ms late (p99)", plane, audience, session.Options.Quick ? 50 : 250, TimeSpan.FromMilliseconds(20)))));
        session.Report.Note(Benchmark.Name, $"Memory a reader, after all rounds: {(plane.Usage().Resident - before) / 1024.0 / readers:F0} KiB (goal 50).");
    }

    private sealed class Listening(string name, string unit, Plane plane, Audience audience, int events, TimeSpan? pace) : IContender
    {
        public string Name => name;

        public string Unit => unit;

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            var meter = Meter.Start(("plane", plane.Usage));
            var (took, late) = await audience.ReceiveAsync(events, pace, ct);
            var deliveries = (double)events * audience.Count;
            return meter.Stop(pace is null ? deliveries / took.TotalSeconds : late.P99, deliveries, late);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>Readers of the event stream, each on a connection of its own, that count what comes and look for gaps.</summary>
internal sealed class Audience : IDisposable
{
    private const int Writers = 16;

    private readonly Plane _plane;
    private readonly List<Reader> _readers = [];

    private Audience(Plane plane) => _plane = plane;

    public int Count => _readers.Count;

    public static async Task<Audience> JoinAsync(Plane plane, int count, CancellationToken ct)
    {
        var audience = new Audience(plane);
        for (var n = 0; n < count; n++) audience._readers.Add(await Reader.OpenAsync(plane, ct));
        return audience;
    }

    /// <summary>Writes so many events and waits until every reader has every one of them.</summary>
    public async Task<(TimeSpan Took, Latency Late)> ReceiveAsync(int events, TimeSpan? pace, CancellationToken ct)
    {
        var sent = new long[events];
        var receiving = _readers.Select(reader => Task.Run(() => reader.ReceiveAsync(events, sent, ct), ct)).ToList();
        var started = Stopwatch.GetTimestamp();
        var next = -1;
        var writers = Enumerable.Range(0, pace is null ? Writers : 1).Select(_ => Task.Run(async () =>
        {
            using var connection = await _plane.ConnectAsync(ct);
            for (int n; (n = Interlocked.Increment(ref next)) < events;)
            {
                if (pace is { } each && each * n - Stopwatch.GetElapsedTime(started) is { Ticks: > 0 } due) await Task.Delay(due, ct);
                sent[n] = Stopwatch.GetTimestamp();
                (await connection.SendAsync(Request.Post("/api/events", _plane.Token, $$"""{"type":"custom.bench","text":"n={{n}};"}"""), ct)).Require(201);
            }
        }, ct)).ToList();
        await Task.WhenAll(writers);
        var late = await Task.WhenAll(receiving).WaitAsync(TimeSpan.FromMinutes(2), ct);
        return (Stopwatch.GetElapsedTime(started), Latency.Of(late.SelectMany(l => l)));
    }

    public void Dispose()
    {
        foreach (var reader in _readers) reader.Dispose();
    }

    private sealed class Reader(Connection connection) : IDisposable
    {
        private byte[] _rest = new byte[64 * 1024];
        private int _kept;

        public static async Task<Reader> OpenAsync(Plane plane, CancellationToken ct)
        {
            var connection = await plane.ConnectAsync(ct);
            var status = await connection.BeginAsync(Request.Get("/api/events/stream?types=custom.bench", plane.Token), ct);
            return status == 200 ? new Reader(connection) : throw new InvalidDataException($"The stream answered {status}.");
        }

        /// <summary>Milliseconds by which every event came late. Throws when one is missing, or comes a second time.</summary>
        public async Task<List<double>> ReceiveAsync(int events, long[] sent, CancellationToken ct)
        {
            var seen = new bool[events];
            var late = new List<double>(events);
            while (late.Count < events)
            {
                var piece = await connection.MoreAsync(ct);
                if (piece.IsEmpty) throw new IOException($"The stream ended after {late.Count} of {events} events.");
                Keep(piece.Span);
                var now = Stopwatch.GetTimestamp();
                var at = 0;
                // Marked by the text of each event; chunks' lengths may stand in between, never within.
                for (int found; (found = _rest.AsSpan(at, _kept - at).IndexOf("\"n="u8)) >= 0;)
                {
                    var text = _rest.AsSpan(at + found + 3, _kept - at - found - 3);
                    var end = text.IndexOf((byte)';');
                    if (end < 0) break;
                    if (!Utf8Parser.TryParse(text[..end], out int n, out _) || n >= events || seen[n]) throw new InvalidDataException("An event came twice, or one that nobody sent.");
                    seen[n] = true;
                    late.Add(Stopwatch.GetElapsedTime(sent[n], now).TotalMilliseconds);
                    at += found + 3 + end;
                }

                // What may be the beginning of a mark stays for the next piece.
                var from = Math.Max(at, _kept - 64);
                _rest.AsSpan(from, _kept - from).CopyTo(_rest);
                _kept -= from;
            }

            return late;
        }

        public void Dispose() => connection.Dispose();

        private void Keep(ReadOnlySpan<byte> piece)
        {
            if (_kept + piece.Length > _rest.Length) Array.Resize(ref _rest, (_kept + piece.Length) * 2);
            piece.CopyTo(_rest.AsSpan(_kept));
            _kept += piece.Length;
        }
    }
}
