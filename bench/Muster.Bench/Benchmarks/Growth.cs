using System.Diagnostics;
using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Benchmarks;

/// <summary>What a claim takes while more and more tasks wait: one agent, one call after the other, so that nothing else is in the figure.</summary>
internal static class Growth
{
    private const int Million = 1_000_000;

    public static Benchmark Benchmark { get; } = new("growth", "milliseconds of a claim with 1,000 to 1,000,000 tasks waiting", RunAsync);

    private static async Task RunAsync(Session session)
    {
        int[] sizes = session.Options.Quick ? [.. session.Options.Sizes] : [.. session.Options.Sizes, Million];
        foreach (var on in (string[])["embedded", "PostgreSQL"])
        {
            if (session.Options.Only is { } only && !on.Contains(only, StringComparison.OrdinalIgnoreCase)) continue;
            foreach (var size in sizes)
                await Rounds.CompareAsync(session, Benchmark.Name, size, (on, async () => await OneAgent.MakeAsync(session, on, size, on == "embedded" ? null : await session.PostgresAsync())));
            if (session.Report.Of(Benchmark.Name, on, sizes[^1]) is { } most && session.Report.Of(Benchmark.Name, on, sizes[0]) is { } least)
                session.Report.Note(Benchmark.Name, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{on}: a claim with {sizes[^1]:N0} waiting takes **{most / least:F2}x** the time of one with {sizes[0]:N0} (at least 1.5x, goal 1.1x)."));
        }
    }

    private sealed class OneAgent(string name, Plane plane, int claims) : IContender
    {
        public string Name => name;

        public string Unit => "ms a claim";

        public static async Task<IContender> MakeAsync(Session session, string name, int size, Postgres? postgres)
        {
            var contender = new OneAgent(name, await SeededPlane.StartAsync(session, size, postgres), Math.Min(200, size / (session.Options.Rounds * 2 + 6)));
            await new Agents(contender.Plane, 1).RegisterAsync(session.Stop);
            for (var i = 0; i < 4; i++) await contender.ClaimAsync(session.Stop);
            return contender;
        }

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            var meter = Meter.Start(("plane", plane.Usage));
            var latency = Latency.Of(await ClaimAsync(ct));
            return meter.Stop(latency.P50, claims, latency);
        }

        public ValueTask DisposeAsync() => plane.DisposeAsync();

        private Plane Plane => plane;

        private async Task<List<double>> ClaimAsync(CancellationToken ct)
        {
            using var connection = await plane.ConnectAsync(ct);
            var claim = Request.Post("/api/claims", plane.Token, """{"agent":"bench-0"}""");
            var milliseconds = new List<double>();
            for (var i = 0; i < claims; i++)
            {
                var sent = Stopwatch.GetTimestamp();
                var answer = (await connection.SendAsync(claim, ct)).Require(200);
                milliseconds.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                // Given back at once: how many an agent holds is another question.
                foreach (var (assignment, lease) in Held.Read(answer.Body.Span))
                    (await connection.SendAsync(Request.Post($"/api/assignments/{assignment}/complete", plane.Token, "{}", lease), ct)).Require(200);
            }

            return milliseconds;
        }
    }
}
