using System.Collections.Concurrent;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Postgres;
using Npgsql;

namespace Muster.Conformance.Planes;

/// <summary>The writers of one plane, which commit side by side, while the server ends the connection of one after the other.</summary>
[Trait("req", "B3")]
[Trait("req", "B1")]
public sealed class SideBySideTests(ITestOutputHelper output)
{
    private const int Agents = 12;
    private const int Tasks = 240;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Every_task_is_given_once_a_completion_makes_room_for_the_claim_beside_it_and_events_are_told_in_order(int writers)
    {
        var address = await SharedPostgres.DatabaseAsync() + $"?writers={writers}";
        var store = await PostgresStore.OpenAsync(PostgresAddress.Parse(address), TimeProvider.System, NullLogger.Instance);
        Assert.Equal(writers, store.Writers);
        var told = new ConcurrentQueue<long>();
        store.Listen(committed =>
        {
            foreach (var row in committed.Events) told.Enqueue(row.Seq);
        });
        using var folder = new ScratchFolder();
        await using var plane = await TestPlane.StartAsync(folder.Path, _ => store, _ => { }, requestsPerSecond: 100_000);
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT", Contract = "" });
        for (var n = 0; n < Tasks; n++) await plane.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = $"task {n}" });
        for (var n = 0; n < Agents; n++) await plane.Client.HeartbeatAsync(new HeartbeatRequest { Agent = $"agent-{n}", Capacity = 1 });

        var given = new ConcurrentQueue<ClaimedTask>();
        using var over = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(over.Token);
        var killing = KillAsync(address, given, ended.Token);
        await Task.WhenAll(Enumerable.Range(0, Agents).Select(n => Task.Run(() => WorkAsync(plane, $"agent-{n}", given, over.Token), over.Token)));
        await ended.CancelAsync();
        var killed = await killing;
        output.WriteLine($"{killed} connections were ended");
        Assert.True(killed > 3, $"only {killed} connections were ended");

        Assert.Equal(Tasks, given.Select(g => g.Task.Id).Distinct().Count());
        Assert.Equal(Tasks, given.Count);
        Assert.All(given, g => Assert.Equal(1, g.Assignment.Epoch));
        var (last, done) = await store.ReadAsync(async c => (
            await c.QuerySingleAsync<long>("SELECT seq FROM event_head"),
            await c.QuerySingleAsync<long>("SELECT COUNT(*) FROM tasks WHERE status = 'done'")));
        Assert.Equal(Tasks, done);
        await Until.HoldsAsync(() => Task.FromResult((told.LastOrDefault() >= last, $"told to {told.LastOrDefault()} of {last}")), TimeSpan.FromSeconds(10));
        // In the order of the log, without a gap, none twice.
        var heard = told.ToArray();
        Assert.Equal(Enumerable.Range(0, heard.Length).Select(i => heard[0] + i), heard);
    }

    /// <summary>One task after the other in one call each; with a capacity of one it gets the next only if the completion came before.</summary>
    private static async Task WorkAsync(TestPlane plane, string agent, ConcurrentQueue<ClaimedTask> given, CancellationToken ct)
    {
        ClaimedTask? held = null;
        while (true)
        {
            var answer = await plane.Client.ClaimTasksAsync(new ClaimRequest
            {
                Agent = agent,
                Complete = held is null ? null : [new Completion { AssignmentId = held.Assignment.Id, Lease = held.Lease }],
            }, ct: ct);
            if (held is not null) Assert.Equal(AssignmentState.Completed, Assert.Single(answer.Completed!).Assignment?.Status);
            held = answer.Tasks.Count == 0 ? null : Assert.Single(answer.Tasks);
            if (held is not null) given.Enqueue(held);
            else if (given.Count >= Tasks) return;
            // Whoever finds nothing while others hand in may be too early: a candidate that was lost with a connection is put back.
        }
    }

    /// <summary>Ends a connection after every few tasks that were given, so that there is always some way in between.</summary>
    private static async Task<int> KillAsync(string address, ConcurrentQueue<ClaimedTask> given, CancellationToken ct)
    {
        var killed = 0;
        await using var connection = await SharedPostgres.ConnectAsync(address);
        for (var next = 10; !ct.IsCancellationRequested; await Task.Delay(2, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing))
        {
            if (given.Count < next) continue;
            next = given.Count + 10;
            await using var kill = new NpgsqlCommand(
                "SELECT COUNT(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'muster %/%' ORDER BY random() LIMIT 1) one", connection);
            killed += (int)(long)(await kill.ExecuteScalarAsync(CancellationToken.None))!;
        }

        return killed;
    }
}
