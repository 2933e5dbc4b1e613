using System.Diagnostics;
using System.Globalization;
using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench.Benchmarks;

/// <summary>The raw engine: PostgreSQL's own load generator with a lease and a completion, each a commit, and nothing else.</summary>
internal sealed class PgbenchContender : IContender
{
    private const int Clients = 32;

    private readonly Postgres _postgres;
    private readonly string _database;
    private readonly string _program;
    private readonly string _script;
    private readonly int _tasks;
    private readonly int _batch;

    private PgbenchContender(string name, Postgres postgres, string database, string program, string script, int tasks, int batch) =>
        (Name, _postgres, _database, _program, _script, _tasks, _batch) = (name, postgres, database, program, script, tasks, batch);

    public string Name { get; }

    public string Unit => "tasks/s";

    public string Database => _database;

    public static async Task<PgbenchContender> MakeAsync(Session session, string name, int tasks, int batch)
    {
        var program = Tools.Require(Tools.Postgres("pgbench"), "pgbench", "postgresql");
        var postgres = await session.PostgresAsync();
        var database = await postgres.NewDatabaseAsync(session.Stop);
        var script = Path.Combine(session.NewFolder("pgbench"), "lease-complete.sql");
        await File.WriteAllTextAsync(script, string.Create(CultureInfo.InvariantCulture,
            $"""
            WITH next AS (SELECT id FROM task WHERE state = 0 ORDER BY id LIMIT {batch} FOR UPDATE SKIP LOCKED), taken AS (UPDATE task t SET state = 1, epoch = epoch + 1, lease_until = now() + interval '60 s' FROM next WHERE t.id = next.id RETURNING t.id) SELECT quote_literal(COALESCE(array_agg(id)::text, '{"{}"}')) AS ids FROM taken \gset
            UPDATE task SET state = 2 WHERE id = ANY (:ids::bigint[]) AND state = 1 AND epoch = 1;

            """), session.Stop);
        return new PgbenchContender(name, postgres, database, program, script, tasks, batch);
    }

    public async Task<Sample> RunAsync(CancellationToken ct)
    {
        await FillAsync(ct);
        var meter = Meter.Start(("postgres", _postgres.Usage));
        return meter.Stop(await RunAsync(["-t", $"{Math.Max(1, _tasks / _batch / Clients)}"], ct));
    }

    /// <summary>A new table with twice the tasks of a round.</summary>
    public async Task FillAsync(CancellationToken ct)
    {
        await _postgres.SqlAsync(_database,
            $"""
            DROP TABLE IF EXISTS task;
            CREATE TABLE task (id bigint PRIMARY KEY, state smallint NOT NULL DEFAULT 0, epoch int NOT NULL DEFAULT 0, lease_until timestamptz);
            INSERT INTO task (id) SELECT i FROM generate_series(1, {_tasks * 2}) i;
            CREATE INDEX ON task (id) WHERE state = 0;
            """, ct);
        await _postgres.SqlAsync(_database, "VACUUM ANALYZE task", ct);
    }

    /// <summary>On the table as it is, for so long.</summary>
    public Task<Run> ForAsync(TimeSpan time, CancellationToken ct) => RunAsync(["-T", $"{Math.Max(1, (int)time.TotalSeconds)}"], ct);

    private async Task<Run> RunAsync(string[] length, CancellationToken ct)
    {
        var before = await DoneAsync(ct);
        var started = Stopwatch.GetTimestamp();
        await Child.RunAsync(_program, ["-n", "-M", "simple", "-c", $"{Clients}", "-j", "2", .. length, "-f", _script], ct, _postgres.Environment(_database));
        var took = Stopwatch.GetElapsedTime(started);
        return new Run(await DoneAsync(ct) - before, took, null);
    }

    private async Task<int> DoneAsync(CancellationToken ct) =>
        int.Parse(await _postgres.SqlAsync(_database, "SELECT count(*) FROM task WHERE state = 2", ct), CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
