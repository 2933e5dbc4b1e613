using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Client;
using Muster.Conformance.Servers;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Postgres;
using PostgresServer = Muster.Conformance.Servers.PostgresServer;

namespace Muster.Conformance.Planes;

/// <summary>
/// The primary is killed under two planes at work and its synchronous standby promoted: they go on by themselves, nothing
/// that was answered is lost, and the store begins a new life, in which nothing of the former one is honoured.
/// </summary>
public sealed class PromotionTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ScratchFolder _folder = new();
    private readonly ConcurrentQueue<string> _done = new();
    private volatile string _lastRefusal = "";

    [Fact]
    [Trait("req", "B11")]
    [Trait("req", "C5")]
    public async Task A_standby_that_is_promoted_under_planes_at_work_has_all_that_was_answered_and_a_new_life()
    {
        await using var primary = await PostgresServer.StartAsync();
        await primary.CreateDatabaseAsync("fleet");
        await using var standby = await PostgresServer.StartStandbyAsync(primary);
        await primary.ExecuteAsync("ALTER SYSTEM SET synchronous_standby_names = '*'");
        await primary.ExecuteAsync("SELECT pg_reload_conf()");
        await Until.HoldsAsync(async () => (await CountAsync(primary, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1, "the standby is not synchronous"), Patience);

        var address = PostgresAddress.Parse($"postgres://muster@127.0.0.1:{primary.Port},127.0.0.1:{standby.Port}/fleet");
        await using var one = await StartAsync(address, "one");
        await using var two = await StartAsync(address, "two");
        await one.Client.CreateProjectAsync(new CreateProject { Key = "FLT", Name = "Fleet", Contract = "" });
        await one.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = "held" });
        using var zombie = await two.AgentAsync("zombie");
        var held = Assert.Single((await zombie.ClaimTasksAsync(new ClaimRequest { Agent = "zombie", WaitSeconds = 10 })).Tasks);
        var former = (await one.Client.WhoAmIAsync()).Incarnation;

        using var stop = new CancellationTokenSource();
        var load = new[] { (one, "ada"), (two, "bob") }.Select(pair => Task.Run(() => WorkAsync(pair.Item1, pair.Item2, stop.Token))).ToList();
        await Until.HoldsAsync(() => _done.Count > 60, Patience, () => $"{_done.Count} done");
        await primary.Process.KillAsync();
        var away = Stopwatch.StartNew();
        await standby.PromoteAsync();
        var before = _done.Count;
        await Until.HoldsAsync(() => _done.Count > before + 60, Patience, () => $"{_done.Count - before} done since the promotion; the last refusal: {_lastRefusal}; {string.Join(", ", load.Select(l => l.Exception?.ToString() ?? $"{l.Status}"))}");
        output.WriteLine($"{before} done before, 60 more {away.Elapsed.TotalSeconds:0.0} s after the kill");
        await stop.CancelAsync();
        await Task.WhenAll(load);

        // Nothing that was answered is lost, and all counts hold.
        var titles = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var task in MusterClient.EnumerateAsync(cursor => one.Client.ListTasksAsync(status: TaskState.Done, cursor: cursor, limit: 500))) titles.Add(task.Title);
        Assert.Empty(_done.Except(titles));
        await using var rows = new PostgresRows(address);
        await using (var snapshot = await rows.OpenSnapshotAsync(default)) Assert.Empty(await StoreCheck.RunAsync(snapshot));

        // Another life, said once; what the former one had leased is void at every plane, and its task free for others.
        foreach (var plane in (TestPlane[])[one, two])
        {
            await Until.HoldsAsync(async () => ((await plane.Client.WhoAmIAsync()).Incarnation != former, "the former life goes on"), Patience);
            var refused = await Assert.ThrowsAnyAsync<MusterException>(() => plane.Client.CompleteAssignmentAsync(held.Assignment.Id, new CompleteAssignment(), new CallOptions { Lease = held.Lease }));
            Assert.Equal(ProblemCodes.LeaseLost, refused.Code);
        }

        var said = Assert.Single((await one.Client.ListEventsAsync(after: 0, filter: new EventFilter { Types = [EventTypes.StoreRestored] })).Items);
        Assert.Contains("timeline 1 to 2", said.Text, StringComparison.Ordinal);
        Assert.Equal((await two.Client.WhoAmIAsync()).Incarnation, said.Data!.Value.GetProperty("incarnation").GetString());
        await Until.HoldsAsync(async () => ((await one.Client.GetAssignmentAsync(held.Assignment.Id)).Status == AssignmentState.Revoked, "it is still held"), Patience);
        await Until.HoldsAsync(async () =>
        {
            var late = await Record.ExceptionAsync(() => zombie.WhoAmIAsync());
            return (late is MusterException { Code: ProblemCodes.Unauthenticated }, $"the token of the former life: {late?.Message ?? "honoured"}");
        }, Patience);
        // One of them leads, and both say so.
        Assert.Equal(2, (await one.Client.ListPlanesAsync()).Items.Count);
        Assert.Single((await two.Client.ListPlanesAsync()).Items, plane => plane.Leads);
    }

    [Fact]
    [Trait("req", "C5")]
    public async Task A_commit_that_its_standby_has_not_confirmed_is_not_answered_and_happens_once()
    {
        const string Waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name LIKE 'muster %/_'";
        await using var server = await PostgresServer.StartAsync();
        await server.CreateDatabaseAsync("fleet");
        await using var plane = await StartAsync(PostgresAddress.Parse($"{server.Address}fleet?writers=1"), "one");
        await plane.Client.CreateProjectAsync(new CreateProject { Key = "FLT", Name = "Fleet", Contract = "" });
        // A standby that is away.
        await server.ExecuteAsync("ALTER SYSTEM SET synchronous_standby_names = 'away'");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await Until.HoldsAsync(async () => (await CountAsync(server, "SELECT count(*) FROM pg_settings WHERE name = 'synchronous_standby_names' AND setting = 'away'") == 1, "the setting is not read"), Patience);

        var creating = plane.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = "once" });
        var first = 0L;
        await Until.HoldsAsync(async () => ((first = await PidAsync()) != 0, "nobody waits for the standby"), Patience);
        await server.ExecuteAsync($"SELECT pg_cancel_backend({first})");
        // Committed here, and nobody is told: another commit waits for the standby instead.
        await Until.HoldsAsync(async () => (await PidAsync() is var second && second != 0 && second != first, "nobody asks again"), Patience);
        Assert.False(creating.IsCompleted);

        await server.ExecuteAsync("ALTER SYSTEM RESET synchronous_standby_names");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        var created = await creating;
        Assert.Equal(created.Id, Assert.Single((await plane.Client.ListTasksAsync()).Items).Id);

        async Task<long> PidAsync() => await CountAsync(server, $"SELECT COALESCE((SELECT max(pid) FROM ({Waiting}) w), 0)::bigint");
    }

    [Fact]
    [Trait("req", "C5")]
    public async Task A_server_that_takes_no_more_writes_is_no_store_that_is_ready()
    {
        await using var server = await PostgresServer.StartAsync();
        await server.CreateDatabaseAsync("fleet");
        await using var store = await PostgresStore.OpenAsync(PostgresAddress.Parse($"{server.Address}fleet"), TimeProvider.System, NullLogger.Instance, false, default);
        Assert.Null(await store.CheckAsync(default));
        await server.ExecuteAsync("ALTER SYSTEM SET default_transaction_read_only = on");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await Until.HoldsAsync(async () => (await store.CheckAsync(default) is { } fault && fault.Contains("takes no writes", StringComparison.Ordinal), "it is said to be ready"), Patience);
        await server.ExecuteAsync("ALTER SYSTEM RESET default_transaction_read_only");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await Until.HoldsAsync(async () => (await store.CheckAsync(default) is null, "it is not ready again"), Patience);
    }

    [Fact]
    [Trait("req", "B3")]
    public async Task A_follower_from_beyond_the_end_of_a_promoted_log_is_told_and_live_readers_hear_what_comes()
    {
        await using var primary = await PostgresServer.StartAsync();
        await primary.CreateDatabaseAsync("fleet");
        await using var standby = await PostgresServer.StartStandbyAsync(primary);
        var address = PostgresAddress.Parse($"postgres://muster@127.0.0.1:{primary.Port},127.0.0.1:{standby.Port}/fleet");
        await using var plane = await StartAsync(address, "one");
        await plane.Client.CreateProjectAsync(new CreateProject { Key = "FLT", Name = "Fleet", Contract = "" });
        var kept = await EmitAsync(plane, "kept");
        await Until.HoldsAsync(async () => (await CountAsync(standby, "SELECT count(*) FROM events WHERE type = 'custom.kept'", "fleet") == 1, "not there yet"), Patience);
        // Behind and asynchronous: what comes now is answered and lost with the primary.
        await standby.ExecuteAsync("ALTER SYSTEM SET primary_conninfo = ''");
        await standby.ExecuteAsync("SELECT pg_reload_conf()");
        await Until.HoldsAsync(async () => (await CountAsync(standby, "SELECT count(*) FROM pg_stat_wal_receiver") == 0, "it still follows"), Patience);
        EventInfo lost = kept;
        for (var i = 0; i < 20; i++) lost = await EmitAsync(plane, "lost");
        await primary.Process.KillAsync();
        await standby.PromoteAsync();
        await Until.HoldsAsync(async () =>
        {
            try
            {
                var after = await EmitAsync(plane, "after");
                return (after.Seq < lost.Seq, $"{after.Seq}");
            }
            catch (MusterException outage) when (outage.IsTransient)
            {
                return (false, outage.Message);
            }
        }, Patience);

        var refused = await Assert.ThrowsAsync<MusterException>(async () =>
        {
            await foreach (var _ in plane.Client.FollowEventsAsync(lost.Seq + 100)) Assert.Fail("It has none of these");
        });
        Assert.Equal((409, ProblemCodes.LogRestarted), (refused.StatusCode, refused.Code));
        // Who is connected hears what comes, although its number was given before.
        using var limit = new CancellationTokenSource(Patience);
        var heard = false;
        await foreach (var one in plane.Client.FollowEventsAsync(kept.Seq, new EventFilter { Types = ["custom.*"] }, limit.Token))
        {
            if (one.Type == "custom.heard")
            {
                heard = true;
                break;
            }

            if (one.Type == "custom.after") await EmitAsync(plane, "heard");
        }

        Assert.True(heard);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<EventInfo> EmitAsync(TestPlane plane, string word) => await plane.Client.CreateEventAsync(new CreateEvent { Type = $"custom.{word}", Text = word });

    /// <summary>Tasks from the first to the last step; what fails is tried with another, and only what was answered counts.</summary>
    private async Task WorkAsync(TestPlane plane, string agent, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            try
            {
                await plane.Client.HeartbeatAsync(new HeartbeatRequest { Agent = agent, Capacity = 100, Labels = [agent] }, ct: CancellationToken.None);
                await plane.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = $"{agent} {i}", Labels = [agent] }, ct: CancellationToken.None);
                foreach (var claimed in (await plane.Client.ClaimTasksAsync(new ClaimRequest { Agent = agent }, ct: CancellationToken.None)).Tasks)
                {
                    await plane.Client.CompleteAssignmentAsync(claimed.Assignment.Id, new CompleteAssignment(), new CallOptions { Lease = claimed.Lease }, CancellationToken.None);
                    _done.Enqueue(claimed.Task.Title);
                }
            }
            catch (MusterException refused) when (refused.IsTransient || refused.Code == ProblemCodes.LeaseLost)
            {
                _lastRefusal = $"{agent}: {refused.Code} {refused.Message}";
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    private async Task<TestPlane> StartAsync(PostgresAddress address, string name)
    {
        var store = await PostgresStore.OpenAsync(address, TimeProvider.System, NullLogger.Instance);
        return await TestPlane.StartAsync(Directory.CreateDirectory(_folder.File(name)).FullName, _ => store, _ => { });
    }

    private static async Task<long> CountAsync(PostgresServer server, string sql, string database = "postgres")
    {
        await using var connection = await server.ConnectAsync(database);
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
