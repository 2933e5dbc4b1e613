using Muster.Conformance.Servers;
using Npgsql;

namespace Muster.EndToEnd.Tests;

/// <summary>Planes in processes of their own that share a database and a folder.</summary>
internal sealed class PlaneCrew : IAsyncDisposable
{
    private const string Database = "crew";

    private readonly PostgresServer _server;

    private PlaneCrew(PostgresServer server) => _server = server;

    public Stage Stage { get; } = new();

    public static async Task<PlaneCrew> StartAsync()
    {
        var crew = new PlaneCrew(await PostgresServer.StartAsync("fsync=off"));
        crew.Stage.Environment["MUSTER_STORE"] = await crew._server.CreateDatabaseAsync(Database);
        crew.Stage.Environment["MUSTER_SHARED"] = crew.Stage["shared"];
        return crew;
    }

    /// <summary>A plane alone, with a data folder of this name. The first one leads.</summary>
    public Task<RunningMuster> ServeAsync(string name) => Stage.ServeAsync(data: Stage[name]);

    public async Task<(string PlaneId, long Term)> LeaderAsync()
    {
        await using var connection = await _server.ConnectAsync(Database);
        await using var ask = new NpgsqlCommand("SELECT plane_id, term FROM leadership", connection);
        await using var row = await ask.ExecuteReaderAsync();
        await row.ReadAsync();
        return (row.GetString(0), row.GetInt64(1));
    }

    /// <summary>When a plane last said that it is there, in milliseconds of the server's clock.</summary>
    public async Task<long> SeenAsync(string planeId)
    {
        await using var connection = await _server.ConnectAsync(Database);
        await using var ask = new NpgsqlCommand("SELECT seen_at FROM planes WHERE id = $1", connection) { Parameters = { new() { Value = planeId } } };
        return (long)(await ask.ExecuteScalarAsync())!;
    }

    public Task ExecuteAsync(string sql) => _server.ExecuteAsync(sql, Database);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Stage.DisposeAsync();
        }
        finally
        {
            await _server.DisposeAsync();
        }
    }
}
