using Muster.Conformance.Servers;
using Npgsql;

[assembly: AssemblyFixture(typeof(SharedPostgres))]

namespace Muster.Conformance.Servers;

/// <summary>One PostgreSQL for all tests that do it no harm, started by the first of them: each gets a database of its own.</summary>
public sealed class SharedPostgres : IAsyncLifetime
{
    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static PostgresServer? _server;
    private static int _databases;

    public static async Task<string> DatabaseAsync()
    {
        await Gate.WaitAsync();
        try
        {
            // What is flushed is tested elsewhere, against a server that flushes.
            _server ??= await PostgresServer.StartAsync("fsync=off", "full_page_writes=off");
            return await _server.CreateDatabaseAsync($"test{++_databases}");
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>A connection of a test's own with such a database.</summary>
    public static async Task<NpgsqlConnection> ConnectAsync(string address)
    {
        var uri = new Uri(address);
        var connection = new NpgsqlConnection($"Host={uri.Host};Port={uri.Port};Username=muster;Database={uri.AbsolutePath.Trim('/')};Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}
