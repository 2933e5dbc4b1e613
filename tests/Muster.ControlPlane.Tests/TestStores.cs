using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Tests;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;
using Npgsql;
using PostgresServer = Muster.Conformance.Servers.PostgresServer;

[assembly: AssemblyFixture(typeof(TestStores))]

namespace Muster.ControlPlane.Tests;

/// <summary>
/// The store under test: the embedded one, or with <c>MUSTER_TEST_STORE=postgres</c> a database of its own on a real server
/// that is started for the run. The same tests hold on both.
/// </summary>
public sealed class TestStores : IAsyncLifetime
{
    /// <summary>With the schema and nothing else: a copy of it is made in a tenth of the time that all its steps take.</summary>
    private const string Template = "blank";

    private static PostgresServer? _server;

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("MUSTER_TEST_STORE") != "postgres") return;
        // What is flushed is tested elsewhere, against a server that flushes.
        _server = await PostgresServer.StartAsync("fsync=off", "full_page_writes=off");
        await _server.CreateDatabaseAsync(Template);
        await using (var connection = await _server.ConnectAsync(Template)) await PostgresSchema.ApplyAsync(connection, new MigrationRun(), default);
        NpgsqlConnection.ClearAllPools();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }

    internal static async Task<Store> OpenAsync(string folder, TimeProvider clock, bool filling = false)
    {
        if (_server is null) return SqliteStore.Open(folder, clock, NullLogger.Instance, filling);
        return await PostgresStore.OpenAsync(await AddressAsync(folder, filling ? null : Template), clock, NullLogger.Instance, filling: filling);
    }

    /// <summary>The rows of the store that belongs to a folder.</summary>
    internal static async Task<IRowEngine> RowsAsync(string folder) => _server is null ? new SqliteRows(folder) : new PostgresRows(await AddressAsync(folder));

    private static async Task<PostgresAddress> AddressAsync(string folder, string? template = null)
    {
        var name = "t" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder)))[..20];
        try
        {
            await _server!.CreateDatabaseAsync(name, template);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.DuplicateDatabase)
        {
            // The second plane on the same folder opens the same store again.
        }

        return PostgresAddress.Parse(_server!.Address + name);
    }
}
