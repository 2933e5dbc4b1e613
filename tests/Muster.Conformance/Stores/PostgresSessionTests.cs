using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Postgres;

namespace Muster.Conformance.Stores;

/// <summary>Databases that their administrator has set up in ways of his own (B3).</summary>
[Trait("req", "B3")]
public sealed class PostgresSessionTests
{
    [Fact]
    public async Task A_server_that_ends_idle_sessions_ends_none_of_a_plane_with_nothing_to_do()
    {
        var address = await SharedPostgres.DatabaseAsync();
        await RunAsync(address, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET idle_session_timeout = 60000', current_database()); END $$");
        await using var store = await OpenAsync(address);
        Assert.Equal(("0", "0"), (
            await store.ReadAsync(c => c.QuerySingleAsync<string>("SELECT current_setting('idle_session_timeout')")),
            await store.WriteAsync(tx => tx.QueryFirst<string>("SELECT current_setting('idle_session_timeout')"))));
    }

    [Fact]
    public async Task A_schema_with_capitals_and_a_space_holds_a_store_that_can_be_read_for_a_backup()
    {
        var address = await SharedPostgres.DatabaseAsync();
        await RunAsync(address, "CREATE SCHEMA \"My Crew\"");
        address += (address.Contains('?') ? "&" : "?") + "search_path=" + Uri.EscapeDataString("\"My Crew\"");
        await using var store = await OpenAsync(address);
        await using var rows = new PostgresRows(PostgresAddress.Parse(address));
        await using var snapshot = await rows.OpenSnapshotAsync(default);
        Assert.Contains(await rows.TablesAsync(snapshot, default), table => table.Name == "tasks" && table.References.Contains("projects"));
    }

    private static Task<PostgresStore> OpenAsync(string address) => PostgresStore.OpenAsync(PostgresAddress.Parse(address), TimeProvider.System, NullLogger.Instance);

    private static async Task RunAsync(string address, string sql)
    {
        await using var connection = await SharedPostgres.ConnectAsync(address);
        await connection.ExecuteAsync(sql);
    }
}
