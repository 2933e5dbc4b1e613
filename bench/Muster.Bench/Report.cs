using System.Runtime.InteropServices;
using Muster.Contracts.Work;
using Muster.Integrations.Sqlite;

namespace Muster.Bench;

/// <summary>Runs everything, ours and the raw engine in turn, and prints medians with the machine they were taken on.</summary>
internal static class Report
{
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("MUSTER_BENCH_ROUNDS"), out var rounds) ? rounds : 5;

    public static async Task RunAsync(int[] sizes)
    {
        SqliteLibrary.Load();
        Console.WriteLine($"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} processors, .NET {Environment.Version}, SQLite {SqliteLibrary.Version} ({SqliteLibrary.Origin}), store synchronous=FULL");
        Console.WriteLine($"Medians of {Rounds} rounds, ours and raw in turn; load and plane share the processors.");
        Console.WriteLine();
        Console.WriteLine("| tasks waiting | claim+complete/s, 16 agents, 1 a request | 16 a request | raw SQLite lease+complete/s, 1 a commit | 16 a commit | plane's processor time per task, 1 / 16 a request, µs | added to held, p50 / p99 / max ms | peak MiB |");
        Console.WriteLine("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var size in sizes) Console.WriteLine(await RowAsync(size));
    }

    private static async Task<string> RowAsync(int size)
    {
        List<double> one = [], many = [], rawOne = [], rawMany = [], costOne = [], costMany = [];
        var (latency, memory) = (Array.Empty<double>(), 0.0);
        for (var round = 0; round < Rounds; round++)
        {
            var folder = Directory.CreateTempSubdirectory("muster-bench-").FullName;
            try
            {
                rawOne.Add(RawSqlite.Run(folder, 2000, 1));
                rawMany.Add(RawSqlite.Run(folder, 20_000, 16));
                await using var plane = await PlaneProcess.StartAsync(folder, size);
                // Half of what waits at the most, so that there is a backlog to the end.
                await MeasureAsync(plane, 1, Math.Min(size / 4, 10_000), one, costOne);
                await MeasureAsync(plane, 16, Math.Min(size / 4, 20_000), many, costMany);
                if (round == 0)
                {
                    using (var client = Load.Client(plane)) await client.CreateProjectAsync(new CreateProject { Name = "latency", Key = "LAT" });
                    latency = await Load.AddedToHeldAsync(plane, 500);
                }

                memory = Math.Max(memory, plane.PeakMemory);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        return $"| {size:N0} | {Median(one):N0} | {Median(many):N0} | {Median(rawOne):N0} | {Median(rawMany):N0} | {Median(costOne):N0} / {Median(costMany):N0} | {latency[latency.Length / 2]:F2} / {latency[(int)(latency.Length * 0.99)]:F2} / {latency[^1]:F2} | {memory:F0} |";
    }

    private static async Task MeasureAsync(PlaneProcess plane, int perRequest, int tasks, List<double> rates, List<double> costs)
    {
        var before = plane.ProcessorTime;
        rates.Add(await Load.ClaimAndCompleteAsync(plane, 16, perRequest, tasks));
        costs.Add((plane.ProcessorTime - before).TotalMicroseconds / tasks);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
