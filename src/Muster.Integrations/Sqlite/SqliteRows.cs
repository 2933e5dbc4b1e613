using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Sqlite;

/// <summary>
/// The rows of an embedded store. A snapshot is a reader's transaction on the write-ahead log: the writer goes on, and the
/// log grows by what it writes until the snapshot ends.
/// </summary>
public sealed class SqliteRows(string folder) : IRowEngine
{
    private readonly string _path = Path.Combine(folder, "muster.db");

    public string Name => "sqlite";

    public bool IsEmbedded => true;

    public string Description => _path;

    public async Task<DbConnection> OpenSnapshotAsync(CancellationToken ct, bool filling = false)
    {
        if (!File.Exists(_path)) throw new BackupException($"There is no store in {folder}. Name the data folder of a plane: --data DIR.");
        var connection = await OpenAsync(SqliteOpenMode.ReadWrite, ct);
        try
        {
            // The snapshot begins with the first thing that is read.
            await connection.ExecuteAsync("PRAGMA query_only=ON; BEGIN; SELECT COUNT(*) FROM meta;");
            if (!filling) Unfinished.Refuse(connection);
            return connection;
        }
        catch (StoreUnusableException)
        {
            await connection.DisposeAsync();
            throw;
        }
        catch (SqliteException error)
        {
            await connection.DisposeAsync();
            throw new BackupException($"The store {_path} cannot be read: {error.Message}", error);
        }
    }

    public async Task<IReadOnlyList<StoreTable>> TablesAsync(DbConnection connection, CancellationToken ct)
    {
        List<StoreTable> tables = [];
        foreach (var name in await connection.QueryAsync<string>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"))
        {
            var columns = (await connection.QueryAsync<Column>("SELECT name, pk FROM pragma_table_info(@name) ORDER BY cid", new { name })).AsList();
            var references = await connection.QueryAsync<string>("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(@name)", new { name });
            tables.Add(new StoreTable(name, [.. columns.Select(c => c.Name)], [.. columns.Where(c => c.Pk > 0).OrderBy(c => c.Pk).Select(c => c.Name)], [.. references]));
        }

        return tables;
    }

    public async Task<IReadOnlyList<string>> IntegrityAsync(DbConnection connection, CancellationToken ct)
    {
        var words = (await connection.QueryAsync<string>("PRAGMA integrity_check(20)")).Where(word => word != "ok").Select(word => $"SQLite finds the file damaged: {word}");
        var lost = (await connection.QueryAsync("PRAGMA foreign_key_check")).Select(row => $"A row of '{row.table}' points to one of '{row.parent}' that is not there.");
        return [.. words, .. lost.Take(20)];
    }

    public Task<IReadOnlyList<string>> ServedByAsync(DbConnection connection, CancellationToken ct) => Task.FromResult<IReadOnlyList<string>>([]);

    public Task<IAsyncDisposable> HoldAsync(bool filling, CancellationToken ct) => Task.FromResult<IAsyncDisposable>(new HeldByItsFolder());

    public async Task<SchemaChange> MigrateAsync(CancellationToken ct)
    {
        await using var connection = await OpenAsync(SqliteOpenMode.ReadWrite, ct);
        await connection.ExecuteAsync("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
        return Migrations.Apply(connection);
    }

    public async Task ReserveAsync(string what, CancellationToken ct)
    {
        if (File.Exists(_path) && !await IsUnfinishedAsync(ct)) throw new BackupException($"There is a store already: {_path}. Name an empty folder.");
        foreach (var old in (string[])["", "-wal", "-shm", "-journal"]) File.Delete(_path + old);
        await using var connection = await OpenAsync(SqliteOpenMode.ReadWriteCreate, ct);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        // Its first commit has the mark: what a kill leaves before it is an empty file.
        await using var transaction = connection.BeginTransaction();
        await connection.ExecuteAsync(Migrations.MetaTable, transaction: transaction);
        Unfinished.Mark(connection, what, transaction);
        transaction.Commit();
    }

    public async Task LoadAsync(int schema, Func<IRowSink, Task> fill, CancellationToken ct)
    {
        await using var connection = await OpenAsync(SqliteOpenMode.ReadWrite, ct);
        await connection.ExecuteAsync("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;");
        Migrations.Apply(connection, new MigrationRun { UpTo = schema, Filling = true });
        await connection.ExecuteAsync("BEGIN; PRAGMA defer_foreign_keys=ON;");
        var tables = StoreTables.InOrder(await TablesAsync(connection, ct));
        // A schema may bring rows of its own.
        foreach (var table in tables.Reverse().Where(t => t.Name != "meta")) await connection.ExecuteAsync($"DELETE FROM {table.Name}");
        await fill(new Sink(connection, tables));
        await connection.ExecuteAsync("COMMIT");
    }

    private async Task<bool> IsUnfinishedAsync(CancellationToken ct)
    {
        if (new FileInfo(_path).Length == 0) return true;
        await using var connection = await OpenAsync(SqliteOpenMode.ReadWrite, ct);
        try
        {
            return Unfinished.What(connection) is not null;
        }
        catch (SqliteException)
        {
            // No store of ours, and nothing to write over.
            return false;
        }
    }

    private async Task<SqliteConnection> OpenAsync(SqliteOpenMode mode, CancellationToken ct)
    {
        SqliteLibrary.Load();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Mode = mode,
            Cache = SqliteCacheMode.Private,
            Pooling = false,
            DefaultTimeout = 30,
        }.ToString());
        await connection.OpenAsync(ct);
        return connection;
    }

    private sealed class Sink(SqliteConnection connection, IReadOnlyList<StoreTable> tables) : IRowSink
    {
        public IReadOnlyList<StoreTable> Tables => tables;

        public async Task WriteAsync(StoreTable table, IReadOnlyList<string> columns, IAsyncEnumerable<object?[]> rows, CancellationToken ct)
        {
            await using var insert = connection.CreateCommand();
            insert.CommandText = $"INSERT INTO {table.Name} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select((_, i) => $"@p{i}"))})";
            for (var i = 0; i < columns.Count; i++) insert.Parameters.Add(new SqliteParameter($"@p{i}", DBNull.Value));
            await foreach (var row in rows.WithCancellation(ct))
            {
                for (var i = 0; i < row.Length; i++) insert.Parameters[i].Value = row[i] ?? DBNull.Value;
                insert.ExecuteNonQuery();
            }
        }
    }

    private sealed class HeldByItsFolder : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed record Column
    {
        public string Name { get; init; } = "";
        public long Pk { get; init; }
    }
}
