using System.Net.Sockets;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Planes;
using Muster.Conformance.Servers;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;
using Npgsql;

namespace Muster.Conformance.Stores;

/// <summary>Steps of the schema on a real server: cut off anywhere, taken by several at once, and with programs of two releases side by side.</summary>
[Trait("req", "B11")]
public sealed class MigrationTests : IDisposable
{
    private static readonly Migration[] Next =
    [
        new(Migrations.Known + 1, "next_expand.sql", "-- expand\nALTER TABLE tasks ADD COLUMN colour TEXT;\nCREATE TABLE colours (name TEXT PRIMARY KEY);"),
        new(Migrations.Known + 2, "next_contract.sql", $"-- contract, serves {Migrations.Known + 1}\nALTER TABLE tasks DROP COLUMN last_reason;"),
    ];

    private readonly ScratchFolder _folder = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Cut_off_after_any_statement_the_next_start_goes_on(int begun)
    {
        var text = await SharedPostgres.DatabaseAsync();
        await using var server = await ConnectAsync(text);
        Migrations.Apply(server, new MigrationRun { Spell = Dialect.Schema, UpTo = begun });
        await server.ExecuteAsync(
            """
            CREATE SCHEMA test;
            CREATE TABLE test.fatal (statement bigint);
            INSERT INTO test.fatal VALUES (0);
            CREATE SEQUENCE test.statements;
            CREATE FUNCTION test.die() RETURNS event_trigger LANGUAGE plpgsql AS
              $$ BEGIN IF nextval('test.statements') = (SELECT statement FROM test.fatal) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END $$;
            CREATE EVENT TRIGGER die ON ddl_command_end EXECUTE FUNCTION test.die();
            """);
        var deaths = 0;
        for (; ; deaths++)
        {
            // ALTER SEQUENCE would be a statement of its own.
            await server.ExecuteAsync("SELECT setval('test.statements', 1, false); UPDATE test.fatal SET statement = @statement", new { statement = deaths + 1 });
            try
            {
                await using var store = await OpenAsync(text);
                await store.WriteAsync(tx => tx.Emit("custom.lives", "It lives"));
                break;
            }
            catch (StoreUnusableException cut)
            {
                // The word that it was ended, or only the line that went dead with it.
                Assert.True(cut.InnerException is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown } or NpgsqlException { InnerException: IOException or SocketException }, cut.ToString());
                await AssertWholeStepsAsync(server);
            }
        }

        Assert.True(deaths >= (begun == 0 ? 50 : 3), $"Only {deaths} statements were cut off");
        Assert.Equal(Migrations.Known, Migrations.Read(server).Version);
        Assert.Empty(await StoreCheck.RunAsync(server));
    }

    [Fact]
    public async Task Planes_that_start_together_take_each_step_once()
    {
        var (alone, together) = (await CountedAsync(), await CountedAsync());
        await (await OpenAsync(alone.Address)).DisposeAsync();
        var all = await alone.CountAsync();
        await (await OpenAsync(alone.Address)).DisposeAsync();
        // What any start costs when there is nothing to do.
        var idle = await alone.CountAsync() - all;
        foreach (var store in await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(() => OpenAsync(together.Address))))) await store.DisposeAsync();
        Assert.Equal(all + (4 * idle), await together.CountAsync());
        Assert.True(all > 50 + idle);
    }

    [Fact]
    [Trait("req", "C5")]
    public async Task The_release_before_goes_on_beside_an_expansion_and_the_one_before_that_is_refused_by_name()
    {
        var text = await SharedPostgres.DatabaseAsync();
        await using var server = await ConnectAsync(text);
        var plane = await PlaneAsync(text);
        await using (plane)
        {
            await plane.Client.CreateProjectAsync(new CreateProject { Key = "FLT", Name = "Fleet", Contract = "" });
            await WorkAsync(plane, "before");
            await ApplyAsync(text, [.. Migrations.All, Next[0]]);
            // The same plane under way, and one of its release that is started now.
            await WorkAsync(plane, "beside");
            await using (var again = await PlaneAsync(text)) await WorkAsync(again, "again");

            // What it needs is not taken away under it.
            var refused = await Assert.ThrowsAsync<StoreUnusableException>(() => ApplyAsync(text, [.. Migrations.All, .. Next]));
            Assert.Equal(StoreCodes.PlanesTooOld, refused.Code);
            Assert.Contains(Environment.MachineName, refused.Message, StringComparison.Ordinal);
            await WorkAsync(plane, "still");
        }

        await ApplyAsync(text, [.. Migrations.All, .. Next]);
        Assert.Equal(new SchemaState(Migrations.Known + 2, Migrations.Known + 1), Migrations.Read(server));
        var late = await Assert.ThrowsAsync<StoreUnusableException>(() => OpenAsync(text));
        Assert.Equal(StoreCodes.Newer, late.Code);
        Assert.Contains($"schema {Migrations.Known + 2}", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("req", "C5")]
    public async Task Statements_that_were_planned_before_a_table_got_another_column_are_planned_anew()
    {
        var text = await SharedPostgres.DatabaseAsync();
        await using var plane = await PlaneAsync(text);
        await plane.Client.CreateProjectAsync(new CreateProject { Key = "FLT", Name = "Fleet", Contract = "" });
        // Often enough for every connection to keep its plans.
        for (var n = 0; n < 12; n++) await WorkAsync(plane, $"before-{n}");
        await LookAsync(plane);
        await ApplyAsync(text, [.. Migrations.All, Next[0]]);
        await LookAsync(plane);
        for (var n = 0; n < 4; n++) await WorkAsync(plane, $"after-{n}");
    }

    [Fact]
    [Trait("req", "C5")]
    public async Task A_plane_that_was_held_up_while_the_schema_was_narrowed_writes_no_more()
    {
        var text = await SharedPostgres.DatabaseAsync();
        await using var server = await ConnectAsync(text);
        await using var store = await OpenAsync(text);
        await store.WriteAsync(tx => tx.Emit("custom.early", "It writes"));
        // As if it had been away for long: nobody saw it when the step was taken.
        await server.ExecuteAsync("INSERT INTO meta (key, value) VALUES ('schema_serves', @serves) ON CONFLICT (key) DO UPDATE SET value = excluded.value", new { serves = $"{Migrations.Known + 1}" });
        await Until.HoldsAsync(async () =>
        {
            try
            {
                await store.WriteAsync(tx => tx.Emit("custom.late", "It still writes"));
                return (false, "it still writes");
            }
            catch (StoreUnusableException refused)
            {
                return (refused.Code == StoreCodes.Newer, refused.Message);
            }
        }, TimeSpan.FromSeconds(10));
        Assert.Contains(StoreCodes.Newer, await store.CheckAsync(default), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_gives_way_to_who_holds_its_table_and_comes_again()
    {
        var text = await SharedPostgres.DatabaseAsync();
        await using (await OpenAsync(text)) Assert.NotEmpty(text);
        await using var holder = await ConnectAsync(text);
        await holder.ExecuteAsync("BEGIN; LOCK TABLE tasks IN ACCESS SHARE MODE");
        var step = ApplyAsync(text, [.. Migrations.All, Next[0]]);
        await using var watch = await ConnectAsync(text);
        await Until.HoldsAsync(async () => (await watch.QuerySingleAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%colour%'") > 0, "nobody waits"), TimeSpan.FromSeconds(20));
        // Who comes behind it gets his turn although the first still holds the table.
        await watch.ExecuteAsync(new CommandDefinition("SET lock_timeout = '10s'; SELECT COUNT(*) FROM tasks"));
        Assert.False(step.IsCompleted);
        await holder.ExecuteAsync("COMMIT");
        Assert.Equal(["next_expand.sql"], (await step).Applied);
    }

    [Fact]
    public async Task An_embedded_store_says_the_same()
    {
        await SqliteStore.Open(_folder.Path, TimeProvider.System, NullLogger.Instance).DisposeAsync();
        await using var file = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_folder.File("muster.db")};Pooling=False");
        await file.OpenAsync();
        Assert.Equal(["next_expand.sql"], Migrations.Apply(file, new MigrationRun { Steps = [.. Migrations.All, Next[0]] }).Applied);
        await SqliteStore.Open(_folder.Path, TimeProvider.System, NullLogger.Instance).DisposeAsync();
        Assert.Equal(Migrations.Known + 1, Migrations.Read(file).Version);
        Migrations.Apply(file, new MigrationRun { Steps = [.. Migrations.All, .. Next] });
        Assert.Equal(StoreCodes.Newer, Assert.Throws<StoreUnusableException>(() => SqliteStore.Open(_folder.Path, TimeProvider.System, NullLogger.Instance)).Code);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>A step is there with its number and all it makes, or not at all.</summary>
    private static async Task AssertWholeStepsAsync(NpgsqlConnection server)
    {
        var version = Migrations.Read(server).Version;
        var (tasks, views, columns) = await server.QuerySingleAsync<(bool, long, long)>(
            """
            SELECT to_regclass('tasks') IS NOT NULL, (SELECT count(*) FROM pg_views WHERE schemaname = 'public'),
                   (SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('planes') AND attname IN ('knows', 'version'))
            """);
        Assert.Equal((version >= 1, version >= 1 ? 6L : 0L, version >= 2 ? 2L : 0L), (tasks, views, columns));
    }

    private static async Task WorkAsync(TestPlane plane, string title)
    {
        var agent = $"agent-{title}";
        await plane.Client.HeartbeatAsync(new HeartbeatRequest { Agent = agent, Capacity = 10 });
        await plane.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = title });
        var claimed = Assert.Single((await plane.Client.ClaimTasksAsync(new ClaimRequest { Agent = agent, WaitSeconds = 10 })).Tasks);
        await plane.Client.CompleteAssignmentAsync(claimed.Assignment.Id, new CompleteAssignment(), new Client.CallOptions { Lease = claimed.Lease });
        Assert.Equal(TaskState.Done, (await plane.Client.GetTaskAsync(claimed.Task.Id)).Status);
    }

    /// <summary>Reads on as many connections as a plane has.</summary>
    private static Task LookAsync(TestPlane plane) => Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
    {
        for (var n = 0; n < 12; n++)
        {
            Assert.NotEmpty((await plane.Client.ListTasksAsync(project: "FLT")).Items);
            Assert.Equal(TaskState.Done, (await plane.Client.GetTaskAsync("FLT-1")).Status);
        }
    }));

    private async Task<TestPlane> PlaneAsync(string text)
    {
        var store = await OpenAsync(text);
        return await TestPlane.StartAsync(Directory.CreateDirectory(_folder.File(store.PlaneId)).FullName, _ => store, _ => { });
    }

    private static Task<PostgresStore> OpenAsync(string text) => PostgresStore.OpenAsync(PostgresAddress.Parse(text), TimeProvider.System, NullLogger.Instance);

    private static async Task<SchemaChange> ApplyAsync(string text, IReadOnlyList<Migration> steps)
    {
        await using var connection = await ConnectAsync(text);
        return await PostgresSchema.ApplyAsync(connection, new MigrationRun { Steps = steps }, default);
    }

    private static async Task<NpgsqlConnection> ConnectAsync(string text)
    {
        var connection = new NpgsqlConnection(PostgresAddress.Parse(text).ConnectionString(pooled: false) + ";Command Timeout=60");
        await connection.OpenAsync();
        await connection.ExecuteAsync("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0");
        return connection;
    }

    /// <summary>A database that counts what is done to its schema, also by who is undone.</summary>
    private static async Task<(string Address, Func<Task<long>> CountAsync)> CountedAsync()
    {
        var text = await SharedPostgres.DatabaseAsync();
        await using var server = await ConnectAsync(text);
        await server.ExecuteAsync(
            """
            CREATE SCHEMA test;
            CREATE SEQUENCE test.statements;
            CREATE FUNCTION test.count() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('test.statements'); END $$;
            CREATE EVENT TRIGGER counting ON ddl_command_end EXECUTE FUNCTION test.count();
            """);
        return (text, async () =>
        {
            await using var asking = await ConnectAsync(text);
            return await asking.QuerySingleAsync<long>("SELECT last_value FROM test.statements");
        }
        );
    }
}
