using Muster.Bench.Measure;

namespace Muster.Bench.Benchmarks;

/// <summary>Tasks a second from claim to completion, ours beside the raw engine and the queues people know.</summary>
internal static class Throughput
{
    private const string GraphilePlain = "graphile-worker, as installed";
    private const string GraphileBatched = "graphile-worker, batched (claims in memory)";
    private const string BullFlush = "BullMQ, appendfsync always";
    private const string OursOne = "Muster, 64 agents, 1 a request";
    private const string OursMany = "Muster, 64 agents, 16 a request";

    public static Benchmark Embedded { get; } = new("embedded", "claim + complete over HTTP on the embedded store, beside SQLite itself, BullMQ and graphile-worker", EmbeddedAsync);

    public static Benchmark Postgres { get; } = new("postgres", "claim + complete over HTTP on PostgreSQL, beside pgbench, graphile-worker, pg-boss and Quartz", PostgresAsync);

    private static async Task EmbeddedAsync(Session session)
    {
        await Rounds.CompareAsync(session, Embedded.Name, null,
            (OursOne, () => MusterContender.MakeAsync(session, OursOne, null, 1, Tasks(session, 10_000))),
            (OursMany, () => MusterContender.MakeAsync(session, OursMany, null, 16, Tasks(session, 20_000))),
            Raw(session, "SQLite itself, 1 a commit", 5_000, 1),
            Raw(session, "SQLite itself, 20 a commit", 40_000, 20),
            Raw(session, "SQLite itself, 100 a commit", 100_000, 100),
            (BullFlush, () => PeerContender.OnRedisAsync(session, BullFlush, flush: true, Tasks(session, 20_000))),
            ("BullMQ, not flushed", () => PeerContender.OnRedisAsync(session, "BullMQ, not flushed", flush: false, Tasks(session, 20_000))),
            Graphile(session, GraphileBatched, 50_000, "24", "batched"));
        Ratio(session, Embedded.Name, OursOne, BullFlush, 0.8, 1.5);
        Ratio(session, Embedded.Name, OursMany, GraphileBatched, 1, 2);
    }

    private static async Task PostgresAsync(Session session)
    {
        await Rounds.CompareAsync(session, Postgres.Name, null,
            (OursOne, async () => await MusterContender.MakeAsync(session, OursOne, await session.PostgresAsync(), 1, Tasks(session, 10_000))),
            (OursMany, async () => await MusterContender.MakeAsync(session, OursMany, await session.PostgresAsync(), 16, Tasks(session, 20_000))),
            Pgbench(session, "pgbench, lease then complete, 1 a commit", 12_000, 1),
            Pgbench(session, "pgbench, lease then complete, 100 a commit", 64_000, 100),
            Graphile(session, GraphilePlain, 10_000, "24", "plain"),
            Graphile(session, GraphileBatched, 50_000, "24", "batched"),
            Boss(session, "pg-boss, one by one", 3_000, "1"),
            Boss(session, "pg-boss, by 100", 20_000, "100"),
            ("Quartz, as installed", () => PeerContender.QuartzAsync(session, "Quartz, as installed", Tasks(session, 2_000))));
        Ratio(session, Postgres.Name, OursOne, GraphilePlain, 3, 5);
        Ratio(session, Postgres.Name, OursMany, GraphileBatched, 0.7, 1.5);
    }

    private static (string, Func<Task<IContender>>) Raw(Session session, string name, int tasks, int batch) =>
        (name, () => Task.FromResult<IContender>(new RawSqlite(name, session.NewFolder("sqlite"), Tasks(session, tasks), batch)));

    private static (string, Func<Task<IContender>>) Pgbench(Session session, string name, int tasks, int batch) =>
        (name, async () => await PgbenchContender.MakeAsync(session, name, Tasks(session, tasks), batch));

    private static (string, Func<Task<IContender>>) Graphile(Session session, string name, int tasks, string concurrency, string mode) =>
        (name, () => PeerContender.OnPostgresAsync(session, name, "graphile.js", Tasks(session, tasks), concurrency, mode));

    private static (string, Func<Task<IContender>>) Boss(Session session, string name, int tasks, string batch) =>
        (name, () => PeerContender.OnPostgresAsync(session, name, "pgboss.js", Tasks(session, tasks), "16", batch));

    private static int Tasks(Session session, int tasks) => session.Options.Quick ? tasks / 5 : tasks;

    private static void Ratio(Session session, string benchmark, string ours, string peer, double least, double goal)
    {
        if (session.Report.Of(benchmark, ours) is { } a && session.Report.Of(benchmark, peer) is { } b)
            session.Report.Note(benchmark, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{ours} against {peer}: **{a / b:F2}x** (at least {least}x, goal {goal}x)."));
    }
}
