using System.Globalization;
using Muster.Bench.Measure;

namespace Muster.Bench.Servers;

/// <summary>A PostgreSQL server of the run's own, durable: fsync on, synchronous_commit on, as it is installed otherwise but for memory.</summary>
internal sealed class Postgres : IAsyncDisposable
{
    private readonly Child _child;
    private readonly int _port;
    private readonly string _psql;
    private int _databases;

    private Postgres(Child child, int port, string psql) => (_child, _port, _psql) = (child, port, psql);

    public Usage Usage() => _child.Usage();

    public string Address(string database) => $"postgres://postgres@127.0.0.1:{_port}/{database}";

    /// <summary>The same for programs of PostgreSQL.</summary>
    public IReadOnlyDictionary<string, string> Environment(string database) => new Dictionary<string, string>
    {
        ["PGHOST"] = "127.0.0.1",
        ["PGPORT"] = _port.ToString(CultureInfo.InvariantCulture),
        ["PGUSER"] = "postgres",
        ["PGDATABASE"] = database,
    };

    public static async Task<Postgres> StartAsync(string folder, CancellationToken ct)
    {
        var initdb = Tools.Require(Tools.Postgres("initdb"), "PostgreSQL", "postgresql");
        var psql = Tools.Require(Tools.Postgres("psql"), "psql", "postgresql-client");
        var data = Path.Combine(folder, "data");
        // It refuses to run as root, so root lends it the user that its package has made.
        string[] user = System.Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];
        if (user.Length > 0) await Child.RunAsync("chown", ["postgres:postgres", folder], ct);
        await RunAsync([.. user, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"], ct);
        var port = Tools.FreePort();
        string[] command =
        [
            .. user, Path.Combine(Path.GetDirectoryName(initdb)!, "postgres"), "-D", data, "-p", port.ToString(CultureInfo.InvariantCulture),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=on", "-c", "synchronous_commit=on",
            "-c", "shared_buffers=512MB", "-c", "max_wal_size=8GB", "-c", "max_connections=300", "-c", "logging_collector=off",
        ];
        var child = Child.Start(command[0], command[1..], folder: folder);
        child.Drain();
        var server = new Postgres(child, port, psql);
        try
        {
            while (!await server.AnswersAsync(ct))
            {
                if (child.HasEnded) throw new InvalidOperationException($"PostgreSQL did not start: {child.Complaints}");
                await Task.Delay(20, ct);
            }
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        return server;
    }

    /// <summary>A new empty database; its name.</summary>
    public async Task<string> NewDatabaseAsync(CancellationToken ct, string? template = null)
    {
        var name = $"bench{++_databases}";
        await SqlAsync("postgres", $"CREATE DATABASE {name}{(template is null ? "" : $" TEMPLATE {template}")}", ct);
        return name;
    }

    public Task<string> SqlAsync(string database, string sql, CancellationToken ct) =>
        Child.RunAsync(_psql, ["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql], ct, Environment(database));

    /// <summary>An open transaction that sees the store as it is now, until disposed; what a long report or a backup does.</summary>
    public async Task<IAsyncDisposable> HoldSnapshotAsync(string database, CancellationToken ct)
    {
        var session = Child.Start(_psql, ["-qAtX", "-v", "ON_ERROR_STOP=1"], Environment(database));
        await session.Input.WriteLineAsync("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'held' FROM pg_class LIMIT 1;");
        await session.Input.FlushAsync(ct);
        if (await session.Output.ReadLineAsync(ct) != "held") throw new InvalidOperationException($"No snapshot could be held: {session.Complaints}");
        return session;
    }

    public ValueTask DisposeAsync()
    {
        // Fast shutdown: it does not wait for clients that stay.
        _child.Signal(2);
        return _child.DisposeAsync();
    }

    private static Task<string> RunAsync(string[] command, CancellationToken ct) => Child.RunAsync(command[0], command[1..], ct, folder: "/");

    private async Task<bool> AnswersAsync(CancellationToken ct)
    {
        try
        {
            await SqlAsync("postgres", "SELECT 1", ct);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
