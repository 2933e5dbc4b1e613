using System.Data.Common;
using System.Globalization;
using System.Text;
using Dapper;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>The rows of a store on a server. A snapshot is a transaction of repeatable read; it holds back nothing but the tidying of dead rows.</summary>
public sealed class PostgresRows(PostgresAddress address) : IRowEngine, IAsyncDisposable
{
    private readonly PostgresServer _server = new(address);

    public string Name => "postgres";

    public async Task<DbConnection> OpenSnapshotAsync(CancellationToken ct)
    {
        var connection = await OpenAsync(ct);
        try
        {
            await connection.ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            await connection.QueryAsync<long>("SELECT COUNT(*) FROM meta");
            return new DialectConnection(connection);
        }
        catch (PostgresException error)
        {
            await connection.DisposeAsync();
            throw new BackupException(error.SqlState == PostgresErrorCodes.UndefinedTable ? $"There is no store in {address}." : $"The store ({address}) cannot be read: {error.MessageText}", error);
        }
    }

    public async Task<IReadOnlyList<StoreTable>> TablesAsync(DbConnection connection, CancellationToken ct)
    {
        List<StoreTable> tables = [];
        foreach (var name in (await connection.QueryAsync<string>("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = current_schema()::regnamespace ORDER BY relname COLLATE \"C\"")).AsList())
        {
            var columns = await connection.QueryAsync<string>("SELECT attname FROM pg_attribute WHERE attrelid = @name::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum", new { name });
            var key = await connection.QueryAsync<string>(
                """
                SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
                  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                 WHERE i.indrelid = @name::regclass AND i.indisprimary ORDER BY k.place
                """, new { name });
            var references = await connection.QueryAsync<string>("SELECT DISTINCT confrelid::regclass::text FROM pg_constraint WHERE conrelid = @name::regclass AND contype = 'f'", new { name });
            tables.Add(new StoreTable(name, [.. columns], [.. key], [.. references]));
        }

        return tables;
    }

    /// <summary>The server checks its constraints itself; its files are the business of pg_amcheck.</summary>
    public Task<IReadOnlyList<string>> IntegrityAsync(DbConnection connection, CancellationToken ct) => Task.FromResult<IReadOnlyList<string>>([]);

    public async Task LoadAsync(int schema, Func<IRowSink, Task> fill, CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        await connection.ExecuteAsync($"SELECT pg_advisory_lock({PostgresServer.MigrationLock})");
        Migrations.Apply(connection, Dialect.Schema, schema);
        if (await connection.QuerySingleAsync<bool>("SELECT EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM tokens) OR EXISTS (SELECT 1 FROM projects)"))
            throw new BackupException($"There is a store already: {address}. Name a database that is empty.");
        // The rows in one transaction: a kill leaves a store without any, which is filled at the next try.
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var tables = StoreTables.InOrder(await TablesAsync(connection, ct));
        foreach (var table in tables.Reverse().Where(t => t.Name != "meta")) await connection.ExecuteAsync($"DELETE FROM {table.Name}");
        await fill(new Sink(connection, tables));
        await transaction.CommitAsync(ct);
        await connection.ExecuteAsync("ANALYZE;");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken ct)
    {
        try
        {
            var connection = await _server.OpenAsync("muster backup", ct);
            await connection.ExecuteAsync("SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0");
            return connection;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            throw new BackupException($"The store ({address}) cannot be reached: {error.Message}", error);
        }
    }

    /// <summary>Text of COPY: a table is one statement, so rows of it may point to later ones.</summary>
    private sealed class Sink(NpgsqlConnection connection, IReadOnlyList<StoreTable> tables) : IRowSink
    {
        public IReadOnlyList<StoreTable> Tables => tables;

        public async Task WriteAsync(StoreTable table, IReadOnlyList<string> columns, IAsyncEnumerable<object?[]> rows, CancellationToken ct)
        {
            await using var copy = await connection.BeginTextImportAsync($"COPY {table.Name} ({string.Join(", ", columns)}) FROM STDIN", ct);
            var line = new StringBuilder();
            await foreach (var row in rows.WithCancellation(ct))
            {
                line.Clear();
                for (var i = 0; i < row.Length; i++)
                {
                    if (i > 0) line.Append('\t');
                    Append(line, row[i]);
                }

                await copy.WriteAsync(line.Append('\n'), ct);
            }
        }

        private static void Append(StringBuilder line, object? value)
        {
            if (value is not string text)
            {
                line.Append(value is null ? "\\N" : Convert.ToString(value, CultureInfo.InvariantCulture));
                return;
            }

            foreach (var letter in PlainText.Clean(text))
            {
                _ = letter switch
                {
                    '\\' => line.Append("\\\\"),
                    '\t' => line.Append("\\t"),
                    '\n' => line.Append("\\n"),
                    '\r' => line.Append("\\r"),
                    _ => line.Append(letter),
                };
            }
        }
    }
}
