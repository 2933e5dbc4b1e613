using System.Collections.Concurrent;
using System.Diagnostics;
using Muster.Proof.Checking;

namespace Muster.Proof.Simulation;

/// <summary>Many seeds, as many at once as there are processors.</summary>
internal sealed class SimRun(SimOptions options, string folder, Action<string> tell)
{
    public async Task<SimResult> RunAsync(int first, int seeds, int most, CancellationToken ct)
    {
        var begun = Stopwatch.GetTimestamp();
        Directory.CreateDirectory(folder);
        var scratch = Directory.Exists("/dev/shm") ? Directory.CreateDirectory($"/dev/shm/muster-sim-{Environment.ProcessId}-{first}").FullName : Path.Combine(folder, "worlds");
        Directory.CreateDirectory(scratch);
        try
        {
            var server = await SimServer.StartAsync(Path.Combine(scratch, "server"));
            var failed = new ConcurrentBag<SimOutcome>();
            var (steps, crashes, done, told) = (0L, 0L, 0, begun);
            await Parallel.ForEachAsync(Enumerable.Range(0, seeds), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = ct }, async (index, _) =>
            {
                if (failed.Count >= most) return;
                var outcome = await RunOneAsync(server, first + index, scratch);
                Interlocked.Add(ref steps, outcome.Steps);
                Interlocked.Add(ref crashes, outcome.Crashes);
                if (outcome.Breaches.Count > 0)
                {
                    failed.Add(outcome);
                    // Told and kept at once: a long run may be ended before its time.
                    await File.WriteAllLinesAsync(Path.Combine(folder, $"seed-{outcome.Seed}.txt"), [.. outcome.Trace, .. outcome.Breaches.Select(b => $"BROKEN {b.Rule}: {b.Text}")], CancellationToken.None);
                    tell($"seed {outcome.Seed} failed: {outcome.Breaches[0].Rule}: {outcome.Breaches[0].Text}");
                }

                if (Interlocked.Increment(ref done) % 500 == 0) tell($"{done} seeds, {done / Stopwatch.GetElapsedTime(told).TotalSeconds:F0} a second, {failed.Count} failed");
            });
            return new SimResult
            {
                FirstSeed = first,
                Seeds = done,
                Steps = steps,
                Crashes = crashes,
                FailedSeeds = [.. failed.Select(f => f.Seed).Order()],
                Seconds = Math.Round(Stopwatch.GetElapsedTime(begun).TotalSeconds, 1),
                Breaches = [.. failed.OrderBy(f => f.Seed).SelectMany(f => f.Breaches.Select(b => new Breach(b.Rule, $"seed {f.Seed}: {b.Text}")))],
            };
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    public async Task<SimOutcome> RunOneAsync(SimServer server, int seed, string scratch)
    {
        var place = Path.Combine(scratch, $"{seed}");
        try
        {
            return await new World(server, seed, options, place).RunAsync();
        }
        finally
        {
            if (Directory.Exists(place)) Directory.Delete(place, recursive: true);
        }
    }
}

public sealed record SimResult
{
    public required int FirstSeed { get; init; }
    public required int Seeds { get; init; }
    public required long Steps { get; init; }
    public required long Crashes { get; init; }
    public required IReadOnlyList<int> FailedSeeds { get; init; }
    public required double Seconds { get; init; }
    public required IReadOnlyList<Breach> Breaches { get; init; }
}
