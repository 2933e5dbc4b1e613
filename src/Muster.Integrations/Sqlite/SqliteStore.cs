using System.Data;
using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Sqlite;

/// <summary>
/// The embedded store: one file, one writer, write-ahead log, <c>synchronous=FULL</c>. Operations that arrive while a
/// commit is under way share the next one, so that a flush is paid once for all of them.
/// </summary>
public sealed class SqliteStore : Store
{
    private readonly string _path;
    private readonly GroupCommit _writer;
    private readonly SqliteReaders _readers;

    private SqliteStore(string path, SqliteConnection connection, TimeProvider time, ILogger logger)
    {
        _path = path;
        _readers = new SqliteReaders(path);
        Incarnation = Setting(connection, "incarnation", () => Guid.NewGuid().ToString("N"));
        LeaseKey = Convert.FromHexString(Setting(connection, "lease_key", () => Convert.ToHexString(RandomNumberGenerator.GetBytes(32))));
        _writer = new GroupCommit(new SqliteEngine(connection, time), TellListeners, logger);
    }

    public override string Description => $"SQLite {SqliteLibrary.Version} ({SqliteLibrary.Origin}) at {_path}";

    /// <summary>Opens the store in a data folder, makes it when it is not there, and brings its schema up to date.</summary>
    /// <param name="folder">Held by the caller, so that no other process opens it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For operators.</param>
    /// <param name="filling">Whether the caller is the one who fills it, and will end that.</param>
    public static SqliteStore Open(string folder, TimeProvider time, ILogger logger, bool filling = false)
    {
        SqliteLibrary.Load();
        var path = Path.Combine(folder, "muster.db");
        SqliteConnection? connection = null;
        try
        {
            connection = new SqliteConnection(new SqliteConnectionStringBuilder
            {
                DataSource = path,
                Mode = SqliteOpenMode.ReadWriteCreate,
                Cache = SqliteCacheMode.Private,
                Pooling = false,
                DefaultTimeout = 5,
            }.ToString());
            connection.Open();
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            // Splitting a page of an index numbers one of its parts 262145 for a moment, and after that the commit walks all that is cached
            // for pages behind the end of the file: with 64 MiB, an eighth of a small commit. What a transaction changes may still take so much.
            connection.Execute(
                """
                PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;
                PRAGMA cache_size=-8192; PRAGMA cache_spill=16384; PRAGMA wal_autocheckpoint=4000;
                """);
            Migrations.Apply(connection, new MigrationRun { Filling = filling });
            return new SqliteStore(path, connection, time, logger);
        }
        catch (StoreUnusableException)
        {
            connection?.Dispose();
            throw;
        }
        catch (SqliteException error)
        {
            connection?.Dispose();
            throw new StoreUnusableException(
                $"The store {path} cannot be opened: {error.Message} Check that the folder is writable, the disk has room and the file is a Muster store.", error);
        }
    }

    public override async Task<T> ReadAsync<T>(Func<IDbConnection, Task<T>> read, CancellationToken ct = default)
    {
        ct.ThrowIfCancellationRequested();
        var connection = _readers.Rent();
        try
        {
            return await read(connection);
        }
        finally
        {
            _readers.Return(connection);
        }
    }

    public override async Task<string?> CheckAsync(CancellationToken ct)
    {
        try
        {
            // A file system that takes no more bytes still lets a transaction begin and end that writes none. That costs a flush, so only where one was refused.
            if (_writer.HasFailed) await WriteAsync(tx => tx.Execute("INSERT INTO meta (key, value) VALUES ('written_at', @Now) ON CONFLICT (key) DO UPDATE SET value = excluded.value", new { tx.Now }), ct);
            else await WriteAsync(tx => tx.QueryFirst<int>("SELECT 1"), ct);
            return null;
        }
        catch (SqliteException full) when (full.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL)
        {
            // The part of the disk says so; what needs no room is still served.
            return null;
        }
        catch (SqliteException error)
        {
            return error.Message;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        _readers.Dispose();
    }

    protected override Task<T> RunAsync<T>(Func<StoreTransaction, T> operation, CancellationToken ct) => _writer.RunAsync(operation, ct);

    protected override Task<TResult> RunAsync<TItem, TResult>(BulkOperation<TItem, TResult> kind, TItem item, CancellationToken ct) => _writer.RunAsync(kind, item, ct);

    protected override Task<Together> RunAsync(Together items, CancellationToken ct) => _writer.RunAsync(items, ct);

    private static string Setting(SqliteConnection connection, string key, Func<string> make)
    {
        connection.Execute("INSERT INTO meta (key, value) VALUES (@key, @value) ON CONFLICT (key) DO NOTHING", new { key, value = make() });
        return connection.QuerySingle<string>("SELECT value FROM meta WHERE key = @key", new { key });
    }
}
