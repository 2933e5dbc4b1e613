using System.Buffers.Text;
using System.Diagnostics;
using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Benchmarks;

/// <summary>
/// What the model gateway adds: the same calls of the same provider, directly and through the plane, where the lease is checked, the
/// call is taken from the budgets and written into the ledger.
/// </summary>
internal static class Gateway
{
    private const int StreamsAtOnce = 200;
    private const string Path = "/llm/openai/v1/chat/completions";

    public static Benchmark Benchmark { get; } = new("gateway", $"model calls directly and through the gateway: milliseconds it adds, lateness of {StreamsAtOnce} streams at once", RunAsync);

    private static async Task RunAsync(Session session)
    {
        await using var provider = await BareProvider.StartAsync(session.Stop);
        var folder = session.NewFolder("plane");
        await File.WriteAllTextAsync(System.IO.Path.Combine(folder, "models.yaml"),
            $$"""
            providers:
              bare: { kind: openai, server: "{{provider.Address.AbsoluteUri}}v1" }
            routes:
              smart: [bare/bare]
            """, session.Stop);
        await Seed.FillAsync(folder, null, 1, session.Stop);
        await using var plane = await Plane.StartAsync(folder, null, session.Stop);
        var lease = await LeaseAsync(plane, session.Stop);
        var direct = new Door("directly", provider.Address, "/v1/chat/completions", "", [("provider", provider.Usage)]);
        var through = new Door("through the gateway", plane.Address, Path, lease, [("provider", provider.Usage), ("plane", plane.Usage)]);
        var calls = session.Options.Quick ? 200 : 2000;
        await Rounds.CompareAsync(session, Benchmark.Name, null, Single(direct, calls), Single(through, calls));
        await Rounds.CompareAsync(session, Benchmark.Name, StreamsAtOnce, Streamed(direct), Streamed(through));
        if (session.Report.Of(Benchmark.Name, $"one call after the other, {direct.Name}") is { } bare && session.Report.Of(Benchmark.Name, $"one call after the other, {through.Name}") is { } ours)
            session.Report.Note(Benchmark.Name, FormattableString.Invariant($"The gateway adds {ours - bare:F2} ms to a call (median; goal under 2 ms)."));

        static (string, Func<Task<IContender>>) Single(Door door, int calls) => ($"one call after the other, {door.Name}", () => Task.FromResult<IContender>(new SingleCalls(door, calls)));

        static (string, Func<Task<IContender>>) Streamed(Door door) => ($"streams at once, {door.Name}", () => Task.FromResult<IContender>(new Streams(door)));
    }

    /// <summary>An agent that holds the one task; its lease outlasts the run, because renewing it is no part of a call.</summary>
    private static async Task<string> LeaseAsync(Plane plane, CancellationToken ct)
    {
        using var connection = await plane.ConnectAsync(ct);
        (await connection.SendAsync(Request.Patch($"/api/projects/{Seed.Project}", plane.Token, """{"leaseSeconds":3600}"""), ct)).Require(200);
        await new Agents(plane, 1).RegisterAsync(ct);
        return Held.Read((await connection.SendAsync(Request.Post("/api/claims", plane.Token, """{"agent":"bench-0"}"""), ct)).Require(200).Body.Span).Single().Lease;
    }

    /// <summary>Where calls go in, and whose processor time they take.</summary>
    private sealed record Door(string Name, Uri Address, string Path, string Key, (string, Func<Usage>)[] Servers)
    {
        public byte[] Ask(bool stream) => Request.Post(Path, Key, $$"""{"model":"smart","stream":{{(stream ? "true" : "false")}},"max_tokens":200,"messages":[{"role":"user","content":"Say that it is done."}]}""");
    }

    private sealed class SingleCalls(Door door, int calls) : IContender
    {
        public string Name => $"one call after the other, {door.Name}";

        public string Unit => "ms (p50)";

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            using var connection = await Connection.OpenAsync(door.Address, ct);
            var request = door.Ask(stream: false);
            for (var n = 0; n < calls / 4; n++) (await connection.SendAsync(request, ct)).Require(200);
            var meter = Meter.Start(door.Servers);
            var milliseconds = new List<double>(calls);
            for (var n = 0; n < calls; n++)
            {
                var sent = Stopwatch.GetTimestamp();
                (await connection.SendAsync(request, ct)).Require(200);
                milliseconds.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }

            var latency = Latency.Of(milliseconds);
            return meter.Stop(latency.P50, calls, latency);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Streams(Door door) : IContender
    {
        public string Name => $"streams at once, {door.Name}";

        public string Unit => "ms late (p99)";

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            var connections = await Task.WhenAll(Enumerable.Range(0, StreamsAtOnce).Select(_ => Connection.OpenAsync(door.Address, ct)));
            try
            {
                var meter = Meter.Start(door.Servers);
                var late = await Task.WhenAll(connections.Select(connection => Task.Run(() => ReadAsync(connection, ct), ct)));
                var latency = Latency.Of(late.SelectMany(l => l));
                return meter.Stop(latency.P99, StreamsAtOnce * BareProvider.Pieces, latency);
            }
            finally
            {
                foreach (var connection in connections) connection.Dispose();
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        /// <summary>Milliseconds from each piece's sending by the provider to its arrival here. Throws when one is missing.</summary>
        private async Task<List<double>> ReadAsync(Connection connection, CancellationToken ct)
        {
            var status = await connection.BeginAsync(door.Ask(stream: true), ct);
            if (status != 200) throw new InvalidDataException($"The stream answered {status}.");
            var late = new List<double>(BareProvider.Pieces);
            var kept = new List<byte>();
            while (true)
            {
                var piece = await connection.MoreAsync(ct);
                var now = Stopwatch.GetTimestamp();
                if (piece.IsEmpty) throw new IOException($"The stream ended after {late.Count} of {BareProvider.Pieces} pieces.");
                kept.AddRange(piece.Span);
                var text = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(kept);
                var at = 0;
                for (int found; (found = text[at..].IndexOf("\"t="u8)) >= 0;)
                {
                    var mark = text[(at + found + 3)..];
                    var end = mark.IndexOf((byte)';');
                    if (end < 0) break;
                    if (!Utf8Parser.TryParse(mark[..end], out long sent, out _)) throw new InvalidDataException("A piece without its time.");
                    late.Add(Stopwatch.GetElapsedTime(sent, now).TotalMilliseconds);
                    at += found + 3 + end;
                }

                if (text.IndexOf("[DONE]"u8) >= 0) break;
                kept.RemoveRange(0, Math.Max(at, kept.Count - 64));
            }

            return late.Count == BareProvider.Pieces ? late : throw new InvalidDataException($"{late.Count} of {BareProvider.Pieces} pieces came.");
        }
    }
}
