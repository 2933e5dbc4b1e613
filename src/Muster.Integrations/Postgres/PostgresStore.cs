using System.Data;
using System.Security.Cryptography;
using Dapper;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Storage;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>The store on a PostgreSQL server (15 or newer), which several planes may share.</summary>
public sealed class PostgresStore : Store
{
    private readonly PostgresServer _server;
    private readonly GroupCommit _writer;
    private readonly PostgresFollower _follower;

    private PostgresStore(PostgresServer server, string planeId, string incarnation, byte[] leaseKey, long head, string version, TimeProvider time, ILogger logger)
    {
        _server = server;
        PlaneId = planeId;
        Incarnation = incarnation;
        LeaseKey = leaseKey;
        Description = $"PostgreSQL {version} ({server.Address})";
        _follower = new PostgresFollower(server, planeId, head, TellListeners, logger);
        _writer = new GroupCommit(new PostgresEngine(server, planeId, time, SeeIncarnation, logger), _follower.Committed, logger);
    }

    public override string Description { get; }

    /// <summary>Opens the store in a database and brings its schema up to date.</summary>
    public static async Task<PostgresStore> OpenAsync(PostgresAddress address, TimeProvider time, ILogger logger, CancellationToken ct = default)
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        var server = new PostgresServer(address);
        try
        {
            await using var connection = await server.OpenAsync("muster start", ct);
            var version = connection.PostgreSqlVersion;
            if (version.Major < 15) throw new StoreUnusableException($"{address} is version {version}; Muster needs PostgreSQL 15 or newer.");
            Migrate(connection);
            var incarnation = Setting(connection, "incarnation", () => Guid.NewGuid().ToString("N"));
            var key = Convert.FromHexString(Setting(connection, "lease_key", () => Convert.ToHexString(RandomNumberGenerator.GetBytes(32))));
            var planeId = Ids.New();
            await connection.ExecuteAsync(
                "INSERT INTO planes (id, name, batch, started_at, seen_at) SELECT @planeId, @name, 0, now.ms, now.ms FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) now",
                new { planeId, name = $"{Environment.MachineName}:{Environment.ProcessId}" });
            var head = await connection.QuerySingleAsync<long>("SELECT seq FROM event_head");
            return new PostgresStore(server, planeId, incarnation, key, head, $"{version.Major}.{version.Minor}", time, logger);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            await server.DisposeAsync();
            throw new StoreUnusableException(
                $"The store ({address}) cannot be opened: {error.Message} Check that the server runs, that the database exists, and the user and password in the address.", error);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public override Task<T> WriteAsync<T>(Func<StoreTransaction, T> operation, CancellationToken ct = default) => Explain(_writer.RunAsync(operation, ct));

    public override Task<TResult> WriteAsync<TItem, TResult>(BulkOperation<TItem, TResult> kind, TItem item, CancellationToken ct = default) => Explain(_writer.RunAsync(kind, item, ct));

    public override async Task<T> ReadAsync<T>(Func<IDbConnection, Task<T>> read, CancellationToken ct = default)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var connection = await _server.OpenReaderAsync(ct);
                return await read(new DialectConnection(connection));
            }
            catch (Exception error) when (Outage.Is(error) && attempt < 2)
            {
                // A pooled connection may be of a server that has been restarted since; reading again does no harm.
                NpgsqlConnection.ClearAllPools();
                await Task.Delay(Random.Shared.Next(20, 100), ct);
            }
            catch (Exception error) when (Outage.Is(error))
            {
                throw Unanswered(error);
            }
        }
    }

    public override async Task<string?> CheckAsync(CancellationToken ct)
    {
        try
        {
            await WriteAsync(tx => tx.QueryFirst<int>("SELECT 1"), ct);
            return null;
        }
        catch (Exception error) when (error is NpgsqlException or StoreUnusableException)
        {
            return error.InnerException?.Message ?? error.Message;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _follower.DisposeAsync();
        await _server.DisposeAsync();
    }

    private static async Task<T> Explain<T>(Task<T> write)
    {
        try
        {
            return await write;
        }
        catch (Exception error) when (Outage.Is(error))
        {
            throw Unanswered(error);
        }
    }

    private static StoreUnusableException Unanswered(Exception error) => new($"The store does not answer: {error.Message}", error);

    private static void Migrate(NpgsqlConnection connection)
    {
        // Planes that start together wait for one another here; one that dies lets go of the lock with its connection.
        connection.Execute("SET statement_timeout = 0; SET lock_timeout = 0");
        connection.Execute($"SELECT pg_advisory_lock({PostgresServer.MigrationLock})");
        Migrations.Apply(connection, Dialect.Schema);
        connection.Execute($"SELECT pg_advisory_unlock({PostgresServer.MigrationLock})");
    }

    private static string Setting(NpgsqlConnection connection, string key, Func<string> make)
    {
        connection.Execute("INSERT INTO meta (key, value) VALUES (@key, @value) ON CONFLICT (key) DO NOTHING", new { key, value = make() });
        return connection.QuerySingle<string>("SELECT value FROM meta WHERE key = @key", new { key });
    }

    // A copy that was promoted or restored under a running plane has a new life: what was leased in the old one is void.
    private void SeeIncarnation(string incarnation)
    {
        if (incarnation != Incarnation) Incarnation = incarnation;
    }
}
