using System.Collections.Concurrent;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Muster.Integrations.Sqlite;

/// <summary>Read-only connections, kept open between uses. Readers never wait for the writer (write-ahead log).</summary>
internal sealed class SqliteReaders(string path) : IDisposable
{
    private const int Kept = 16;
    private readonly ConcurrentBag<SqliteConnection> _idle = [];

    public SqliteConnection Rent() => _idle.TryTake(out var connection) ? connection : Open();

    public void Return(SqliteConnection connection)
    {
        if (_idle.Count < Kept) _idle.Add(connection);
        else connection.Dispose();
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var connection)) connection.Dispose();
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Cache = SqliteCacheMode.Private,
            Pooling = false,
            DefaultTimeout = 5,
        }.ToString());
        connection.Open();
        connection.Execute("PRAGMA query_only=ON; PRAGMA cache_size=-8192;");
        return connection;
    }
}
