using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Bench.Measure;
using Muster.ControlPlane.Fleet;
using Muster.Integrations.Sqlite;

namespace Muster.Bench.Benchmarks;

/// <summary>
/// The table of who was heard of when, by itself: what a heartbeat and a sweep cost with 100,000 agents, and that a silence
/// is found by the first sweep after the threshold.
/// </summary>
internal static class Presence
{
    private const int Agents = 100_000;

    public static Benchmark Benchmark { get; } = new("presence", "100,000 agents in memory: a heartbeat, a sweep, a death found by the first sweep", RunAsync);

    private static Task RunAsync(Session session) => Rounds.CompareAsync(session, Benchmark.Name, Agents,
        ("a heartbeat", () => Task.FromResult<IContender>(new Table("a heartbeat", "ns", Beat))),
        ("a sweep, nobody silent", () => Task.FromResult<IContender>(new Table("a sweep, nobody silent", "ms", Quiet))),
        ("the first sweep after 1,000 fell silent", () => Task.FromResult<IContender>(new Table("the first sweep after 1,000 fell silent", "ms", Silent))));

    private static double Beat(PresenceTable table, MovedClock clock, string[] ids)
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var id in ids) table.Hear(id, "idle", "f");
        return Stopwatch.GetElapsedTime(started).TotalNanoseconds / ids.Length;
    }

    private static double Quiet(PresenceTable table, MovedClock clock, string[] ids)
    {
        foreach (var id in ids) table.Hear(id, "idle", "f");
        return Sweep(table, 0);
    }

    private static double Silent(PresenceTable table, MovedClock clock, string[] ids)
    {
        foreach (var id in ids) table.Hear(id, "idle", "f");
        clock.Move(PresenceTable.StaleAfter);
        foreach (var id in ids.Skip(1000)) table.Hear(id, "idle", "f");
        return Sweep(table, 1000);
    }

    private static double Sweep(PresenceTable table, int expected)
    {
        var started = Stopwatch.GetTimestamp();
        var found = table.Sweep().Count;
        var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        return found == expected ? took : throw new InvalidDataException($"The sweep found {found} instead of {expected}.");
    }

    private sealed class Table(string name, string unit, Func<PresenceTable, MovedClock, string[], double> measure) : IContender
    {
        private readonly string[] _ids = [.. Enumerable.Range(0, Agents).Select(n => n.ToString("x32", CultureInfo.InvariantCulture))];

        public string Name => name;

        public string Unit => unit;

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            var clock = new MovedClock();
            var folder = Directory.CreateTempSubdirectory("muster-bench-").FullName;
            try
            {
                // It only listens to the store; nothing is written.
                await using var store = SqliteStore.Open(folder, TimeProvider.System, NullLogger.Instance);
                var table = new PresenceTable(store, clock);
                foreach (var id in _ids) table.Hear(id, "idle", "f");
                var meter = Meter.Start();
                return meter.Stop(measure(table, clock, _ids), Agents);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>The real clock, moved ahead where a minute is not to be waited for.</summary>
    private sealed class MovedClock : TimeProvider
    {
        private long _ticks;

        public override long GetTimestamp() => System.GetTimestamp() + _ticks;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow();

        public void Move(TimeSpan by) => _ticks += (long)(by.TotalSeconds * TimestampFrequency);
    }
}
