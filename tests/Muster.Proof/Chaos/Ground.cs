using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;
using Npgsql;
using PostgresServer = Muster.Conformance.Servers.PostgresServer;

namespace Muster.Proof.Chaos;

/// <summary>The real servers that the planes of a run stand on: the harness starts them, kills them, and starts them again on what they left.</summary>
internal sealed class Ground : IAsyncDisposable
{
    private const string Database = "chaos";

    private readonly string _folder;
    private readonly List<string> _arguments = [];
    private readonly List<TcpProxy> _proxies = [];
    private readonly SemaphoreSlim _gate = new(1, 1);

    private Ground(string folder) => _folder = folder;

    /// <summary>Of the store alone; null when it lies where everything else does.</summary>
    public StoreDisk? Disk { get; private set; }

    public PostgresServer? Postgres { get; private set; }
    public NatsServer? Nats { get; private set; }
    public RedisServer? Redis { get; private set; }

    /// <summary>What stands between the planes and their servers.</summary>
    public IReadOnlyList<TcpProxy> Proxies => _proxies;

    /// <summary>Of the servers.</summary>
    public IEnumerable<int> Ports => new[] { Postgres?.Port, Nats?.Port, Redis?.Port }.OfType<int>();

    /// <summary>Beside its data folder, what each plane is told at its start.</summary>
    public IReadOnlyList<string> Arguments => _arguments;

    public static async Task<Ground> StartAsync(ChaosOptions options)
    {
        var ground = new Ground(options.Folder);
        try
        {
            if (options.Disk) ground.Disk = StoreDisk.Mount(options);
            if (options.Postgres)
            {
                // On a small disk the log must not take what the tables need.
                ground.Postgres = ground.Disk is { } disk ? await PostgresServer.StartOnAsync(disk.Disk, "min_wal_size=32MB", "max_wal_size=64MB", "checkpoint_timeout=30s") : await PostgresServer.StartAsync();
                if (ground.Disk is not null) ground.Disk.Relieved = ground.ReviveAsync;
                await ground.Postgres.CreateDatabaseAsync(Database);
                ground._arguments.AddRange(["--store", ground.Address("postgres://muster@", ground.Postgres.Port, options) + "/" + Database]);
            }

            if (options.Planes > 1) ground._arguments.AddRange(["--shared", Path.Combine(options.Folder, "shared")]);
            if (options.Nats)
            {
                ground.Nats = await NatsServer.StartAsync();
                ground._arguments.AddRange(["--bus", ground.Address("nats://", ground.Nats.Port, options)]);
            }

            if (options.Redis)
            {
                ground.Redis = await RedisServer.StartAsync();
                ground._arguments.AddRange(["--state", ground.Address("redis://", ground.Redis.Port, options)]);
            }

            return ground;
        }
        catch
        {
            await ground.DisposeAsync();
            throw;
        }
    }

    /// <summary>The store of the run, past any proxy.</summary>
    public async Task<Store> OpenAsync() => Postgres is { } server
        ? await PostgresStore.OpenAsync(PostgresAddress.Parse(server.Address + Database), TimeProvider.System, NullLogger.Instance)
        : SqliteStore.Open(Path.Combine(_folder, "data"), TimeProvider.System, NullLogger.Instance);

    /// <summary>Kills every process of the database server at once, as a crash of its machine does, and starts it again on the same data.</summary>
    public async Task CrashPostgresAsync(Action gone)
    {
        await _gate.WaitAsync();
        try
        {
            var main = Postgres!.Process;
            // One that could not write its log any more has ended by itself.
            if (!main.Ended)
            {
                var backends = Children(main.Id);
                await main.KillAsync();
                foreach (var backend in backends) Child.Kill(backend);
                gone();
            }

            await Postgres.RestartAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends sessions of the planes, one or all; false when there were none.</summary>
    public async Task<bool> TerminateSessionsAsync(bool all)
    {
        await using var connection = await Postgres!.ConnectAsync();
        await using var command = new NpgsqlCommand(
            $"SELECT COUNT(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE datname = '{Database}' ORDER BY random() LIMIT {(all ? "ALL" : "1")}) sessions", connection);
        return (long)(await command.ExecuteScalarAsync())! > 0;
    }

    /// <summary>The process that leads, as it has named itself; null while nobody does.</summary>
    public async Task<int?> LeaderAsync()
    {
        await using var connection = await Postgres!.ConnectAsync(Database);
        await using var command = new NpgsqlCommand("SELECT p.name FROM leadership l JOIN planes p ON p.id = l.plane_id", connection);
        return await command.ExecuteScalarAsync() is string name ? int.Parse(name[(name.LastIndexOf(':') + 1)..], System.Globalization.CultureInfo.InvariantCulture) : null;
    }

    /// <summary>What the server itself finds wrong with its tables and indexes after all those crashes.</summary>
    public async Task<IReadOnlyList<string>> DamageAsync()
    {
        if (Postgres is null) return [];
        await using var connection = await Postgres.ConnectAsync(Database);
        await using (var extend = new NpgsqlCommand("CREATE EXTENSION IF NOT EXISTS amcheck", connection)) await extend.ExecuteNonQueryAsync();
        var found = new List<string>();
        await using (var heaps = new NpgsqlCommand(
            "SELECT c.relname, v.msg FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, LATERAL verify_heapam(c.oid::regclass) v WHERE n.nspname = 'public' AND c.relkind = 'r'", connection)
        { CommandTimeout = 300 })
        await using (var rows = await heaps.ExecuteReaderAsync())
            while (await rows.ReadAsync()) found.Add($"table {rows.GetString(0)}: {rows.GetString(1)}");
        try
        {
            await using var indexes = new NpgsqlCommand(
                "SELECT COUNT(bt_index_check(c.oid::regclass, true)::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam WHERE n.nspname = 'public' AND c.relkind = 'i' AND a.amname = 'btree'", connection)
            { CommandTimeout = 300 };
            await indexes.ExecuteScalarAsync();
        }
        catch (PostgresException error)
        {
            found.Add($"index: {error.MessageText}");
        }

        return found;
    }

    /// <summary>Whoever is gone is started again, and the weather is fair.</summary>
    public async Task PeaceAsync()
    {
        foreach (var proxy in _proxies) proxy.Set(Weather.Fair);
        await ReviveAsync();
        if (Nats is { Process.Ended: true }) await Nats.RestartAsync();
        if (Redis is { Process.Ended: true }) await Redis.RestartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies) await proxy.DisposeAsync();
        if (Nats is not null) await Nats.DisposeAsync();
        if (Redis is not null) await Redis.DisposeAsync();
        if (Postgres is not null) await Postgres.DisposeAsync();
        if (Disk is not null) await Disk.DisposeAsync();
        _gate.Dispose();
    }

    private async Task ReviveAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (Postgres is { Process.Ended: true }) await Postgres.RestartAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    private string Address(string scheme, int port, ChaosOptions options)
    {
        if (options.Network)
        {
            var proxy = new TcpProxy(port);
            _proxies.Add(proxy);
            port = proxy.Address.Port;
        }

        return $"{scheme}127.0.0.1:{port}";
    }

    private static List<int> Children(int pid) =>
        [.. Directory.GetDirectories($"/proc/{pid}/task").SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture))];
}
