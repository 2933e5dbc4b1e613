using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench.Benchmarks;

/// <summary>A million tasks through one plane: memory must level off, and the last tenth be as fast as the first.</summary>
internal static class Leak
{
    private const int Steps = 20;

    public static Benchmark Benchmark { get; } = new("leak", "a million tasks through one plane, its memory watched (--leak N for another number)", RunAsync) { ByDefault = false };

    private static async Task RunAsync(Session session)
    {
        var tasks = session.Options.Leak ?? 1_000_000;
        await using var plane = await SeededPlane.StartAsync(session, tasks + tasks / 10);
        var agents = new Agents(plane, 64);
        var resident = new List<double>();
        var rates = new List<double>();
        for (var step = 0; step < Steps; step++)
        {
            await agents.RegisterAsync(session.Stop);
            var run = await agents.ClaimAndCompleteAsync(16, tasks / Steps, session.Stop);
            resident.Add(plane.Usage().Resident / 1048576.0);
            rates.Add(run.Rate);
            session.Tell($"  {(step + 1) * (tasks / Steps),10:N0} tasks   {resident[^1],6:F0} MiB   {run.Rate,8:N0} tasks/s");
        }

        // The first quarter fills caches and heaps; growth after that is what a leak looks like.
        var early = resident.Skip(Steps / 4).Take(Steps / 4).Average();
        var late = resident.TakeLast(Steps / 4).Average();
        session.Report.Note(Benchmark.Name, string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{tasks:N0} tasks: {early:F0} MiB in the second quarter, {late:F0} MiB in the last ({(late - early) * 1048576 / (tasks / 2.0):F0} bytes a task); {rates[1]:N0} tasks/s at first, {rates[^1]:N0} at last. {(late > early * 1.25 ? "**It grows.**" : "It levels off.")}"));
    }
}
