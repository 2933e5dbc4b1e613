using System.Diagnostics;
using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench.Benchmarks;

/// <summary>What a person waits for: the plane to be ready, a command to answer; and what an idle plane keeps in memory.</summary>
internal static class Starting
{
    public static Benchmark Benchmark { get; } = new("start", "start to ready, idle memory, the command line", RunAsync);

    private static async Task RunAsync(Session session)
    {
        var folder = session.NewFolder("plane");
        await Seed.FillAsync(folder, null, 1000, session.Stop);
        await using var serving = await SeededPlane.StartAsync(session, 1000);
        var status = new Dictionary<string, string> { ["MUSTER_SERVER"] = serving.Address.ToString(), ["MUSTER_TOKEN"] = serving.Token };
        // The first to ask a plane waits for what it compiles; people ask one that has run for days.
        for (var asked = 0; asked < 5; asked++) await CommandAsync([Plane.Program, "status"], status, session.Stop);
        await Rounds.CompareAsync(session, Benchmark.Name, null,
            ("start to ready", () => Made("start to ready", "ms", () => StartAsync(folder, ready: true, session.Stop))),
            ("idle memory", () => Made("idle memory", "MiB", () => StartAsync(folder, ready: false, session.Stop))),
            ("dotnet itself, no program", () => Made("dotnet itself, no program", "ms", () => CommandAsync([typeof(Starting).Assembly.Location, "nothing"], status, session.Stop))),
            ("muster --version", () => Made("muster --version", "ms", () => CommandAsync([Plane.Program, "--version"], status, session.Stop))),
            ("muster status", () => Made("muster status", "ms", () => CommandAsync([Plane.Program, "status"], status, session.Stop))));

        static Task<IContender> Made(string name, string unit, Func<Task<double>> measure) => Task.FromResult<IContender>(new Once(name, unit, measure));
    }

    private static async Task<double> StartAsync(string folder, bool ready, CancellationToken ct)
    {
        await using var plane = await Plane.StartAsync(folder, null, ct);
        if (ready) return plane.StartToReady.TotalMilliseconds;
        // Idle is what is left when the start is over and nobody has asked for anything.
        await Task.Delay(TimeSpan.FromSeconds(3), ct);
        return plane.Usage().Resident / 1048576.0;
    }

    private static async Task<double> CommandAsync(string[] arguments, IReadOnlyDictionary<string, string> environment, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        await Child.RunAsync("dotnet", arguments, ct, environment);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private sealed class Once(string name, string unit, Func<Task<double>> measure) : IContender
    {
        public string Name => name;

        public string Unit => unit;

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            var meter = Meter.Start();
            return meter.Stop(await measure(), 1);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
