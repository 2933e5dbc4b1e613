using System.Diagnostics;
using Dapper;
using Microsoft.Data.Sqlite;
using Muster.Integrations.Sqlite;

namespace Muster.Bench;

/// <summary>The raw engine on this machine: lease and complete a row, each in a commit of its own, WAL with synchronous=FULL.</summary>
internal static class RawSqlite
{
    /// <summary>Tasks a second; <paramref name="batch"/> tasks share a commit.</summary>
    public static double Run(string folder, int rows, int batch)
    {
        SqliteLibrary.Load();
        var path = Path.Combine(folder, $"raw-{batch}.db");
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        connection.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, epoch INTEGER NOT NULL)");
        using (var seed = connection.BeginTransaction())
        {
            connection.Execute($"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO t SELECT i, 0, 0 FROM n", transaction: seed);
            seed.Commit();
        }

        using var lease = connection.CreateCommand();
        lease.CommandText = "UPDATE t SET state = 1, epoch = epoch + 1 WHERE id = $id";
        using var complete = connection.CreateCommand();
        complete.CommandText = "UPDATE t SET state = 2 WHERE id = $id AND epoch = 1";
        SqliteParameter leaseId = lease.Parameters.Add("$id", SqliteType.Integer), completeId = complete.Parameters.Add("$id", SqliteType.Integer);
        var start = Stopwatch.GetTimestamp();
        for (var first = 1; first <= rows; first += batch)
        {
            foreach (var (command, id) in ((SqliteCommand, SqliteParameter)[])[(lease, leaseId), (complete, completeId)])
            {
                using var commit = connection.BeginTransaction();
                command.Transaction = commit;
                for (var row = first; row < Math.Min(first + batch, rows + 1); row++)
                {
                    id.Value = row;
                    command.ExecuteNonQuery();
                }

                commit.Commit();
            }
        }

        return rows / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
