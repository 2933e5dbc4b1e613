using System.Diagnostics;
using System.Globalization;
using Muster.Bench.Measure;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Benchmarks;

/// <summary>What pages and lists take when 1,000 to 1,000,000 tasks are done: one caller, one call after the other.</summary>
internal static class AfterYears
{
    private const int Million = 1_000_000;
    private const int Calls = 10;

    private static readonly (string Name, string Path)[] Asked =
    [
        ("Today", "/api/today"),
        ("progress of projects", "/api/progress/summary"),
        ("burn-up", $"/api/progress/burn-up/{Seed.Project}"),
        ("progress of agents", "/api/progress/agents"),
        ("statistics", "/api/statistics"),
        ("tasks that are done", "/api/tasks?status=done"),
        ("what was done last", "/api/tasks?status=done&order=ended"),
        ("tasks of an agent", $"/api/tasks?agent={Years.Agent}"),
        ("a task", $"/api/tasks/{Seed.Project}-2500"),
        ("attempts at a task", $"/api/assignments?task={Seed.Project}-2500"),
        ("reviews of a task", $"/api/pulls?task={Seed.Project}-2500"),
        ("open reviews", "/api/pulls?state=open"),
    ];

    public static Benchmark Benchmark { get; } = new("years", "milliseconds of what pages ask for, with 1,000 to 1,000,000 tasks done", RunAsync);

    private static async Task RunAsync(Session session)
    {
        int[] sizes = session.Options.Quick ? [.. session.Options.Sizes] : [.. session.Options.Sizes, Million];
        foreach (var on in (string[])["embedded", "PostgreSQL"])
        {
            foreach (var size in sizes)
            {
                if (session.Options.Only is { } only && !on.Contains(only, StringComparison.OrdinalIgnoreCase)) continue;
                var folder = session.NewFolder("plane");
                await using var plane = await Plane.StartAsync(folder, await Years.FillAsync(folder, on == "embedded" ? null : await session.PostgresAsync(), size, session.Stop), session.Stop);
                await Rounds.CompareAsync(session, Benchmark.Name, size, [.. Asked.Select(a => ($"{on}: {a.Name}", new Func<Task<IContender>>(() => Task.FromResult<IContender>(new Repeated($"{on}: {a.Name}", plane, a.Path)))))]);
            }

            foreach (var (name, _) in Asked)
                if (session.Report.Of(Benchmark.Name, $"{on}: {name}", sizes[^1]) is { } most && session.Report.Of(Benchmark.Name, $"{on}: {name}", sizes[0]) is { } least)
                    session.Report.Note(Benchmark.Name, string.Create(CultureInfo.InvariantCulture, $"{on}, {name}: {most:F1} ms with {sizes[^1]:N0} done, {least:F1} with {sizes[0]:N0}."));
        }
    }

    private sealed class Repeated(string name, Plane plane, string path) : IContender
    {
        public string Name => name;

        public string Unit => "ms";

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            using var connection = await plane.ConnectAsync(ct);
            var request = Request.Get(path, plane.Token);
            // The first call of a path makes what the later ones use.
            (await connection.SendAsync(request, ct)).Require(200);
            var meter = Meter.Start(("plane", plane.Usage));
            var milliseconds = new List<double>();
            for (var i = 0; i < Calls; i++)
            {
                var sent = Stopwatch.GetTimestamp();
                (await connection.SendAsync(request, ct)).Require(200);
                milliseconds.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }

            var latency = Latency.Of(milliseconds);
            return meter.Stop(latency.P50, Calls, latency);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
