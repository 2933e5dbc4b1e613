using System.Globalization;
using System.Runtime.InteropServices;
using Muster.Bench.Servers;
using Muster.Integrations.Sqlite;

namespace Muster.Bench.Measure;

/// <summary>What the figures were taken on; without it they mean nothing.</summary>
internal sealed record MachineFacts
{
    public required string System { get; init; }
    public required string Processor { get; init; }
    public required int Processors { get; init; }
    public required double MemoryGiB { get; init; }

    /// <summary>Kind of the file system that holds the data, and milliseconds of one small write with its flush.</summary>
    public required string FileSystem { get; init; }
    public required double FlushMilliseconds { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary>Program to version; those that are missing are not named.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    public static async Task<MachineFacts> ReadAsync(string folder, CancellationToken ct)
    {
        SqliteLibrary.Load();
        var versions = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            [".NET"] = Environment.Version.ToString(),
            ["SQLite"] = $"{SqliteLibrary.Version} ({SqliteLibrary.Origin})",
        };
        foreach (var (name, program, argument) in ((string, string?, string)[])[("PostgreSQL", Tools.Postgres("postgres"), "--version"), ("Redis", Tools.Find("redis-server"), "--version"), ("Node", Tools.Find("node"), "--version")])
            if (program is not null) versions[name] = (await Child.RunAsync(program, [argument], ct)).Trim();
        return new MachineFacts
        {
            System = RuntimeInformation.OSDescription,
            Processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString(),
            Processors = Environment.ProcessorCount,
            MemoryGiB = Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1073741824.0, 1),
            FileSystem = (await Child.RunAsync("stat", ["-f", "-c", "%T", folder], ct)).Trim(),
            FlushMilliseconds = Flush(folder),
            At = DateTimeOffset.UtcNow,
            Versions = versions,
        };
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{At:yyyy-MM-dd HH:mm} UTC. {Processors} x {Processor}, {MemoryGiB} GiB, {System}; data on {FileSystem}, a flush takes {FlushMilliseconds:F2} ms.\n{string.Join(" · ", Versions.Select(v => $"{v.Key} {v.Value}"))}");

    private static double Flush(string folder)
    {
        var path = Path.Combine(folder, "flush");
        var times = new List<double>();
        using (var file = new FileStream(path, FileMode.Create))
        {
            for (var i = 0; i < 50; i++)
            {
                var before = global::System.Diagnostics.Stopwatch.GetTimestamp();
                file.Write(new byte[4096]);
                file.Flush(flushToDisk: true);
                times.Add(global::System.Diagnostics.Stopwatch.GetElapsedTime(before).TotalMilliseconds);
            }
        }

        File.Delete(path);
        return Math.Round(times.Order().ElementAt(25), 3);
    }
}
