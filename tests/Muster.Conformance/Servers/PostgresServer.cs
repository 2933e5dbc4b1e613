using System.Diagnostics;
using Npgsql;

namespace Muster.Conformance.Servers;

/// <summary>A real PostgreSQL on a free loopback port, in a folder of its own. It refuses to run as root, so root lends it another user.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly string _postgres = Programs.Require("postgres", "postgresql");
    private readonly string _initdb = Programs.Require("initdb", "postgresql");
    private readonly string[] _settings;
    private readonly string _data;
    private ServerProcess? _process;

    private PostgresServer(string[] settings, string? data = null)
    {
        _settings = settings;
        _data = data ?? _folder.File("data");
        Port = Ports.Free();
    }

    public int Port { get; }

    public ServerProcess Process => _process ?? throw new InvalidOperationException("The server was not started.");

    /// <summary>The server's address; a database's name goes behind it.</summary>
    public string Address => $"postgres://muster@127.0.0.1:{Port}/";

    /// <param name="settings">Further settings such as <c>fsync=off</c>.</param>
    public static Task<PostgresServer> StartAsync(params string[] settings) => StartAsync(new PostgresServer(settings));

    /// <summary>The same with its data on a disk of the test's own, which its user can reach.</summary>
    public static async Task<PostgresServer> StartOnAsync(SmallDisk disk, params string[] settings)
    {
        if (Environment.IsPrivilegedProcess) await RunAsync("chown", [User(), disk.Path]);
        return await StartAsync(new PostgresServer(settings, Path.Combine(disk.Path, "data")));
    }

    private static async Task<PostgresServer> StartAsync(PostgresServer server)
    {
        try
        {
            if (Environment.IsPrivilegedProcess) await RunAsync("chown", [User(), server._folder.Path]);
            await server.AsUserAsync(server._initdb, ["-D", server._data, "-U", "muster", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
            await server.RestartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A streaming copy of another server, which follows it until it is promoted.</summary>
    public static async Task<PostgresServer> StartStandbyAsync(PostgresServer primary)
    {
        var server = new PostgresServer(primary._settings);
        try
        {
            if (Environment.IsPrivilegedProcess) await RunAsync("chown", [User(), server._folder.Path]);
            await server.AsUserAsync(Programs.Require("pg_basebackup", "postgresql"), ["-D", server._data, "-h", "127.0.0.1", "-p", $"{primary.Port}", "-U", "muster", "-X", "stream", "-c", "fast", "-R"]);
            await server.RestartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a standby the one that takes writes.</summary>
    public Task PromoteAsync() => ExecuteAsync("SELECT pg_promote()");

    /// <summary>Starts it again after a kill, on the same port and data.</summary>
    public async Task RestartAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        var (program, arguments) = AsUser(_postgres,
        [
            "-D", _data, "-p", $"{Port}", "-k", _folder.Path, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=400", "-c", "logging_collector=off",
            .. _settings.SelectMany(s => new[] { "-c", s }),
        ]);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                _process = await ServerProcess.StartAsync(program, arguments, AnswersAsync);
                return;
            }
            catch (Xunit.Sdk.XunitException) when (attempt < 20)
            {
                // Backends of the killed server are still letting go of its memory.
                await Task.Delay(200);
            }
        }
    }

    /// <summary>Makes a database; answers its address.</summary>
    /// <param name="name">Of the database.</param>
    /// <param name="template">A database that it begins as a copy of, and that nobody is connected to; null for an empty one.</param>
    public async Task<string> CreateDatabaseAsync(string name, string? template = null)
    {
        await ExecuteAsync($"CREATE DATABASE \"{name}\"" + (template is null ? "" : $" TEMPLATE \"{template}\""));
        return Address + name;
    }

    public async Task ExecuteAsync(string sql, string database = "postgres")
    {
        await using var connection = await ConnectAsync(database);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<NpgsqlConnection> ConnectAsync(string database = "postgres")
    {
        var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={Port};Username=muster;Database={database};Pooling=false;Timeout=5");
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            // An immediate stop takes the backends along.
            if (!_process.Ended) await RunAsync("kill", ["-QUIT", $"{_process.Id}"]);
            await _process.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = await ConnectAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static string User() => File.ReadLines("/etc/passwd").Any(l => l.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    private static (string Program, string[] Arguments) AsUser(string program, string[] arguments) =>
        Environment.IsPrivilegedProcess ? (Programs.Require("setpriv", "util-linux"), ["--reuid", User(), "--clear-groups", program, .. arguments]) : (program, arguments);

    private async Task AsUserAsync(string program, string[] arguments)
    {
        var (outer, all) = AsUser(program, arguments);
        await RunAsync(outer, all, _folder.Path);
    }

    private static async Task RunAsync(string program, string[] arguments, string? folder = null)
    {
        using var process = System.Diagnostics.Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = folder ?? "" })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {errors} {await output}");
    }
}
