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
    /// <summary>More statements than any read has.</summary>
    private const int MostOldPlans = 50;

    private readonly PostgresServer _server;
    private readonly GroupCommit[] _writers;
    private readonly PostgresFollower _follower;
    private readonly PostgresLeadership _leadership;
    private readonly HashSet<string> _former = new(StringComparer.Ordinal);
    private volatile bool _outgrown;

    private PostgresStore(PostgresServer server, string planeId, string name, string incarnation, byte[] leaseKey, long head, string version, TimeProvider time, ILogger logger)
    {
        _server = server;
        PlaneId = planeId;
        Incarnation = incarnation;
        LeaseKey = leaseKey;
        Description = $"PostgreSQL {version} ({server.Address})";
        _follower = new PostgresFollower(server, planeId, server.Address.Writers, head, TellListeners, logger);
        _leadership = new PostgresLeadership(server, planeId, name, SeeIncarnation, SeeServed, signal => _follower.Tell([signal]), logger);
        var asking = new SemaphoreSlim(1, 1);
        _writers = [.. Enumerable.Range(0, server.Address.Writers).Select(n => new GroupCommit(
            new PostgresEngine(server, new PlaneName(planeId, name), n, time, SeeIncarnation, _follower, logger), committed => _follower.Committed(n, committed), logger, asking))];
        Listen(committed =>
        {
            if (committed.Signals.Any(s => s is PlaneGone)) _leadership.Hurry();
        });
    }

    public override string Description { get; }

    public override bool IsShared => true;

    public override int Writers => _server.Address.Writers;

    public override Leadership Leadership => _leadership.State;

    public override bool Hears => _follower.Hears;

    public override string? LogFault => _follower.Fault;

    /// <summary>Opens the store in a database and brings its schema up to date.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="time">The clock; the server's is taken unless it is a test's.</param>
    /// <param name="logger">For operators.</param>
    /// <param name="filling">Whether the caller is the one who fills it, and will end that.</param>
    /// <param name="ct">Gives it up.</param>
    public static async Task<PostgresStore> OpenAsync(PostgresAddress address, TimeProvider time, ILogger logger, bool filling = false, CancellationToken ct = default)
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        var server = new PostgresServer(address);
        try
        {
            await using var connection = await server.OpenAsync("muster start", ct);
            var version = connection.PostgreSqlVersion;
            if (version.Major < 15) throw new StoreUnusableException($"{address} is version {version}; Muster needs PostgreSQL 15 or newer.");
            await PostgresSchema.ApplyAsync(connection, new MigrationRun { Filling = filling }, ct);
            var incarnation = Setting(connection, "incarnation", () => Guid.NewGuid().ToString("N"));
            var key = Convert.FromHexString(Setting(connection, "lease_key", () => Convert.ToHexString(RandomNumberGenerator.GetBytes(32))));
            var head = await connection.QuerySingleAsync<long>("SELECT seq FROM event_head");
            var store = new PostgresStore(server, Ids.New(), $"{Environment.MachineName}:{Environment.ProcessId}", incarnation, key, head, $"{version.Major}.{version.Minor}", time, logger);
            await store._leadership.StartAsync(ct);
            await AwaitDeafAsync(connection, ct);
            return store;
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

    public override async Task<T> ReadAsync<T>(Func<IDbConnection, Task<T>> read, CancellationToken ct = default)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var connection = await _server.OpenReaderAsync(ct);
                return await ReadAsync(connection, read);
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
            // A server that waits for its promotion, or that was told to write nothing more, still begins transactions and takes locks.
            var readOnly = await WriteAsync(tx => tx.QueryFirst<string>("SELECT current_setting('transaction_read_only')"), ct);
            return readOnly == "on" ? "The server takes no writes: it is a standby, or default_transaction_read_only is on." : null;
        }
        catch (Exception error) when (error is NpgsqlException or StoreUnusableException)
        {
            return error.InnerException?.Message ?? error.Message;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_writers.Select(w => w.DisposeAsync().AsTask()));
        await _leadership.DisposeAsync();
        await _follower.DisposeAsync();
        await _server.DisposeAsync();
    }

    protected override Task<T> RunAsync<T>(Func<StoreTransaction, T> operation, CancellationToken ct) => Explain(() => _writers[0].RunAsync(operation, ct));

    protected override Task<TResult> RunAsync<TItem, TResult>(BulkOperation<TItem, TResult> kind, TItem item, CancellationToken ct) => Explain(() => WriterOf(kind.KeyOf(item)).RunAsync(kind, item, ct));

    protected override Task<Together> RunAsync(Together items, CancellationToken ct) => Explain(() => WriterOf(items.Key).RunAsync(items, ct));

    /// <summary>A read of many statements meets those with an old plan one by one.</summary>
    private static async Task<T> ReadAsync<T>(NpgsqlConnection connection, Func<IDbConnection, Task<T>> read)
    {
        for (var old = 0; ; old++)
        {
            try
            {
                return await read(new DialectConnection(connection));
            }
            catch (Exception error) when (Outage.IsOldPlan(error) && old < MostOldPlans)
            {
                // Reading again does no harm.
            }
        }
    }

    // Renewals go on beside this lock; a successor waits for it.
    protected override bool Leads(StoreTransaction tx, long term) =>
        tx.QueryFirst<long?>("SELECT term FROM leadership WHERE id = 1 AND plane_id = @PlaneId AND term = @term FOR KEY SHARE", new { PlaneId, term }) is not null;

    private GroupCommit WriterOf(string? key) => key is null ? _writers[0] : _writers[(uint)string.GetHashCode(key, StringComparison.Ordinal) % (uint)_writers.Length];

    private async Task<T> Explain<T>(Func<Task<T>> write)
    {
        if (_outgrown) throw new StoreUnusableException(StoreCodes.Newer, "A newer release has changed the store, and it no longer serves this one. Replace this plane's program.");
        try
        {
            return await write();
        }
        catch (Exception error) when (Outage.Is(error))
        {
            throw Unanswered(error);
        }
    }

    /// <summary>Waits for transactions that began before this plane was known of, and tell it nothing.</summary>
    private static async Task AwaitDeafAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        try
        {
            await connection.ExecuteAsync(new CommandDefinition($"SELECT pg_advisory_xact_lock({PostgresServer.WritersLock})", cancellationToken: ct));
        }
        catch (PostgresException error) when (Outage.IsCollision(error))
        {
            // One that takes as long as that is seen by the sweeps.
        }
    }

    private static StoreUnusableException Unanswered(Exception error) => new($"The store does not answer: {error.Message}", error);

    private static string Setting(NpgsqlConnection connection, string key, Func<string> make)
    {
        connection.Execute("INSERT INTO meta (key, value) VALUES (@key, @value) ON CONFLICT (key) DO NOTHING", new { key, value = make() });
        return connection.QuerySingle<string>("SELECT value FROM meta WHERE key = @key", new { key });
    }

    // A plane that was held up while the others were replaced finds a schema that it does not know.
    private void SeeServed(int oldest) => _outgrown = oldest > Migrations.Known;

    // A copy that was promoted or restored under a running plane has a new life: what was leased in the old one is void.
    private void SeeIncarnation(string incarnation)
    {
        lock (_former)
        {
            // One writer may have asked before the new life began, and be heard after another that asked in it.
            if (incarnation == Incarnation || _former.Contains(incarnation)) return;
            _former.Add(Incarnation);
            Incarnation = incarnation;
        }

        _follower.Rewind();
        _follower.Tell([new LookAgain()]);
    }
}
