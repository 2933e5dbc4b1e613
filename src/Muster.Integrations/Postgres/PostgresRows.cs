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

    /// <summary>Held by whoever fills a store.</summary>
    private const long FillLock = PostgresServer.WritersLock + 2;

    private const int HoldPatienceSeconds = 3;

    public string Name => "postgres";

    public bool IsEmbedded => false;

    public string Description { get; } = $"{address}";

    public async Task<DbConnection> OpenSnapshotAsync(CancellationToken ct, bool filling = false)
    {
        var connection = await OpenAsync(ct);
        try
        {
            await connection.ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            await connection.QueryAsync<long>("SELECT COUNT(*) FROM meta");
            if (!filling) Unfinished.Refuse(connection);
            return new DialectConnection(connection);
        }
        catch (StoreUnusableException)
        {
            await connection.DisposeAsync();
            throw;
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
        // What is not logged is of the moment, such as what planes share, and no row of the store.
        foreach (var name in (await connection.QueryAsync<string>("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relpersistence = 'p' AND relnamespace = quote_ident(current_schema())::regnamespace ORDER BY relname COLLATE \"C\"")).AsList())
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

    public async Task<IReadOnlyList<string>> ServedByAsync(DbConnection connection, CancellationToken ct) => (await connection.QueryAsync<string>(
        "SELECT name FROM planes WHERE seen_at > (extract(epoch FROM clock_timestamp()) * 1000)::bigint - @gone ORDER BY name", new { gone = (long)Planes.GoneAfter.TotalMilliseconds })).AsList();

    public async Task<IAsyncDisposable> HoldAsync(bool filling, CancellationToken ct)
    {
        var connection = await OpenAsync(ct);
        try
        {
            // Of one that was killed, the server may take a moment to notice it.
            await connection.ExecuteAsync($"SET lock_timeout = '{HoldPatienceSeconds}s'; SELECT pg_advisory_lock({(filling ? FillLock : PostgresServer.MigrationLock)}); SET lock_timeout = 0");
            return connection;
        }
        catch (PostgresException held) when (held.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            await connection.DisposeAsync();
            throw new BackupException(filling ? $"Somebody else fills the store ({address}) now. Wait for it." : $"A plane starts on the store ({address}) now, or its schema is brought up to date. Stop it first.", held);
        }
    }

    public async Task<SchemaChange> MigrateAsync(CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        return await PostgresSchema.ApplyAsync(connection, new MigrationRun(), ct);
    }

    public async Task ReserveAsync(string what, CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        await connection.ExecuteAsync($"SELECT pg_advisory_lock({PostgresServer.MigrationLock})");
        var tables = await TablesAsync(connection, ct);
        if (tables.Count > 0 && tables.All(t => t.Name != "meta")) throw new BackupException($"{address} holds tables of something else, such as '{tables[0].Name}'. Name a database that is empty.");
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(Migrations.MetaTable);
        if (Unfinished.What(connection) is null && await HasRowsAsync(connection, tables)) throw new BackupException($"There is a store already: {address}. Name a database that is empty.");
        Unfinished.Mark(connection, what);
        await transaction.CommitAsync(ct);
    }

    public async Task LoadAsync(int schema, Func<IRowSink, Task> fill, CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        var change = await PostgresSchema.ApplyAsync(connection, new MigrationRun { UpTo = schema, Filling = true }, ct);
        if (change.After.Version != schema) throw new BackupException($"{address} was begun with schema {change.After.Version} and the rows are of schema {schema}. Name a database that is empty.");
        // The rows in one transaction: a kill leaves a store without any, which is filled at the next try.
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (Unfinished.What(connection) is null) throw new BackupException($"There is a store already: {address}. Name a database that is empty.");
        var tables = StoreTables.InOrder(await TablesAsync(connection, ct));
        await connection.ExecuteAsync($"TRUNCATE {string.Join(", ", tables.Where(t => t.Name != "meta").Select(t => t.Name))}");
        await connection.ExecuteAsync("DELETE FROM meta WHERE key NOT IN ('schema', 'schema_serves', 'unfinished')");
        await fill(new Sink(connection, tables));
        await transaction.CommitAsync(ct);
        await connection.ExecuteAsync("ANALYZE;");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken ct)
    {
        try
        {
            var connection = await _server.OpenAsync("muster backup", ct, unhurried: true);
            await connection.ExecuteAsync("SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0");
            return connection;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            throw new BackupException($"The store ({address}) cannot be reached: {error.Message}", error);
        }
    }

    private static async Task<bool> HasRowsAsync(NpgsqlConnection connection, IReadOnlyList<StoreTable> tables)
    {
        foreach (var table in tables.Where(t => t.Name is "events" or "tokens" or "projects"))
            if (await connection.QuerySingleAsync<bool>($"SELECT EXISTS (SELECT 1 FROM {table.Name})")) return true;
        return false;
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
