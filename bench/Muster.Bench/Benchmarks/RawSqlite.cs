using System.Diagnostics;
using Dapper;
using Microsoft.Data.Sqlite;
using Muster.Bench.Load;
using Muster.Bench.Measure;

namespace Muster.Bench.Benchmarks;

/// <summary>The raw engine: lease and complete a row, so many rows a commit, write-ahead log with synchronous=FULL.</summary>
internal sealed class RawSqlite(string name, string folder, int tasks, int batch) : IContender
{
    private int _round;

    public string Name => name;

    public string Unit => "tasks/s";

    public Task<Sample> RunAsync(CancellationToken ct)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, $"{_round++}.db")};Pooling=False");
        connection.Open();
        connection.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE task (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, epoch INTEGER NOT NULL)");
        connection.Execute($"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tasks}) INSERT INTO task SELECT i, 0, 0 FROM n");
        using var lease = Statement(connection, "UPDATE task SET state = 1, epoch = epoch + 1 WHERE id = $id AND state = 0");
        using var complete = Statement(connection, "UPDATE task SET state = 2 WHERE id = $id AND state = 1 AND epoch = 1");
        // In this process, so its cost is the load's.
        var meter = Meter.Start();
        var started = Stopwatch.GetTimestamp();
        for (var first = 1; first <= tasks; first += batch)
        {
            ct.ThrowIfCancellationRequested();
            Commit(connection, lease, first, Math.Min(first + batch, tasks + 1));
            Commit(connection, complete, first, Math.Min(first + batch, tasks + 1));
        }

        return Task.FromResult(meter.Stop(new Run(tasks, Stopwatch.GetElapsedTime(started), null)));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static SqliteCommand Statement(SqliteConnection connection, string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.Add("$id", SqliteType.Integer);
        return command;
    }

    private static void Commit(SqliteConnection connection, SqliteCommand command, int first, int end)
    {
        using var commit = connection.BeginTransaction();
        command.Transaction = commit;
        for (var row = first; row < end; row++)
        {
            command.Parameters[0].Value = row;
            if (command.ExecuteNonQuery() != 1) throw new InvalidDataException($"Row {row} was not changed.");
        }

        commit.Commit();
    }
}
