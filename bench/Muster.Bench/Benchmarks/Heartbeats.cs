using System.Diagnostics;
using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Benchmarks;

/// <summary>A large quiet fleet over HTTP: as many heartbeats as go, then as many as 100,000 agents send, with the processor time they take.</summary>
internal static class Heartbeats
{
    private const int Connections = 64;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    public static Benchmark Benchmark { get; } = new("heartbeats", "heartbeats/s over HTTP; processors taken by 100,000 agents that beat every 10 s", RunAsync);

    private static async Task RunAsync(Session session)
    {
        var fleet = session.Options.Quick ? 2_000 : 100_000;
        await using var plane = await SeededPlane.StartAsync(session, 1);
        session.Tell($"  registering {fleet:N0} agents");
        var requests = Enumerable.Range(0, fleet).Select(n => Request.Post("/api/agents/heartbeat", plane.Token, $$"""{"agent":"bench-{{n}}","capacity":1}""")).ToArray();
        var connections = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => plane.ConnectAsync(session.Stop)));
        try
        {
            var fleetOf = new Fleet(plane, connections, requests);
            await fleetOf.BeatAsync(null, 1, session.Stop);
            await Rounds.CompareAsync(session, Benchmark.Name, fleet,
                ("as many as go", () => Task.FromResult<IContender>(fleetOf)),
                ("every agent every 10 s", () => Task.FromResult<IContender>(new Paced(fleetOf, plane))));
        }
        finally
        {
            foreach (var connection in connections) connection.Dispose();
        }
    }

    private sealed class Fleet(Plane plane, Connection[] connections, byte[][] requests) : IContender
    {
        public string Name => "as many as go";

        public string Unit => "heartbeats/s";

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            var meter = Meter.Start(("plane", plane.Usage));
            return meter.Stop(await BeatAsync(null, 1, ct));
        }

        /// <summary>Every agent once (or so many times), spread evenly over the interval when there is one.</summary>
        public async Task<Run> BeatAsync(TimeSpan? interval, int times, CancellationToken ct)
        {
            var next = -1;
            var total = requests.Length * times;
            var started = Stopwatch.GetTimestamp();
            var milliseconds = await Task.WhenAll(connections.Select(connection => Task.Run(async () =>
            {
                var own = new List<double>();
                for (int n; (n = Interlocked.Increment(ref next)) < total;)
                {
                    if (interval is { } spread)
                    {
                        var due = spread * ((double)n / requests.Length) - Stopwatch.GetElapsedTime(started);
                        if (due > TimeSpan.FromMilliseconds(1)) await Task.Delay(due, ct);
                    }

                    var sent = Stopwatch.GetTimestamp();
                    (await connection.SendAsync(requests[n % requests.Length], ct)).Require(200);
                    own.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                }

                return own;
            }, ct)));
            return new Run(total, Stopwatch.GetElapsedTime(started), Latency.Of(milliseconds.SelectMany(m => m)));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Paced(Fleet fleet, Plane plane) : IContender
    {
        public string Name => "every agent every 10 s";

        public string Unit => "processors";

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            var meter = Meter.Start(("plane", plane.Usage));
            var before = plane.Usage();
            var run = await fleet.BeatAsync(Interval, 1, ct);
            return meter.Stop((plane.Usage().Processor - before.Processor) / run.Took.TotalSeconds, run.Tasks, run.Requests);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
