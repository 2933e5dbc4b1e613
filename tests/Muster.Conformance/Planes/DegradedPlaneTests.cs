using Microsoft.Extensions.Logging.Abstractions;
using Muster.Client;
using Muster.Conformance.Servers;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Integrations.Nats;
using Muster.Integrations.Redis;
using Muster.Integrations.Sqlite;

namespace Muster.Conformance.Planes;

/// <summary>A plane whose NATS and Redis are absent, vanish and return: it says so, refuses nothing, loses nothing, and recovers by itself.</summary>
[Trait("req", "B3")]
public sealed class DegradedPlaneTests : IDisposable
{
    /// <summary>The issue's own figure.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(10);

    private readonly ScratchFolder _folder = new();

    [Fact]
    public async Task Absent_at_the_start_and_killed_under_load_no_call_is_refused_and_nothing_is_lost()
    {
        await using var nats = NatsServer.Stopped(jetStream: true);
        await using var redis = RedisServer.Stopped();
        await using var plane = await StartAsync(nats, redis);
        await UntilAsync(plane, "degraded", "bus", "state", "event copy");
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT" });
        using var ada = await plane.AgentAsync("ada");

        using var stop = new CancellationTokenSource();
        var done = 0;
        // Each pass is a task's whole life by an agent's own token, with a word to the others: any refusal fails the test.
        var load = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await plane.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = $"task {done}" });
                var claimed = Assert.Single((await ada.ClaimTasksAsync(new ClaimRequest { Agent = "ada" })).Tasks);
                await ada.PublishMessageAsync(new PublishMessage { Subject = "agents.FLT.begun" }, CallOptions.ForLease(claimed.Lease));
                await ada.CompleteAssignmentAsync(claimed.Assignment.Id, new CompleteAssignment { Summary = "done" }, CallOptions.ForLease(claimed.Lease));
                done++;
            }
        });
        await Task.WhenAll(nats.RestartAsync(), redis.RestartAsync());
        await UntilAsync(plane, "healthy");
        for (var round = 0; round < 2; round++)
        {
            await Task.WhenAll(nats.Process.KillAsync(), redis.Process.KillAsync());
            await UntilAsync(plane, "degraded", "bus", "state");
            var before = done;
            await Until.HoldsAsync(() => done > before + 20 || load.IsCompleted, TimeSpan.FromSeconds(30));
            await Task.WhenAll(nats.RestartAsync(), redis.RestartAsync());
            await UntilAsync(plane, "healthy");
        }

        await stop.CancelAsync();
        await load;
        var statistics = await plane.Client.GetTaskAsync($"FLT-{done}");
        Assert.Equal(TaskState.Done, statistics.Status);
        Assert.Empty((await plane.Client.ListReadyTasksAsync()).Items);
    }

    [Fact]
    public async Task A_token_in_a_loop_is_told_when_to_come_again_and_owners_and_other_tokens_are_served()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var plane = await StartAsync(null, redis, requestsPerSecond: 20);
        await UntilAsync(plane, "healthy");
        using var loop = await plane.AgentAsync("loop");
        using var calm = await plane.AgentAsync("calm");
        var served = 0;
        var refused = await Assert.ThrowsAsync<MusterException>(async () =>
        {
            for (; served < 1000; served++) await loop.WhoAmIAsync();
        });
        Assert.Equal((429, ProblemCodes.RateLimited), (refused.StatusCode, refused.Code));
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        Assert.InRange(served, 100, 400);
        await calm.WhoAmIAsync();
        for (var i = 0; i < 200; i++) await plane.Client.WhoAmIAsync();

        // A courtesy: when nobody can count, everybody is served.
        await redis.Process.KillAsync();
        await UntilAsync(plane, "degraded", "state");
        await Until.HoldsAsync(async () =>
        {
            try
            {
                for (var i = 0; i < 200; i++) await loop.WhoAmIAsync();
                return (true, "");
            }
            catch (MusterException again) when (again.Code == ProblemCodes.RateLimited)
            {
                return (false, again.Message);
            }
        }, Recovery);
    }

    public void Dispose() => _folder.Dispose();

    private Task<TestPlane> StartAsync(NatsServer? nats, RedisServer redis, int requestsPerSecond = 2000) => TestPlane.StartAsync(
        _folder.Path,
        _ => SqliteStore.Open(_folder.Path, TimeProvider.System, NullLogger.Instance),
        services =>
        {
            if (nats is not null) services.AddNatsBus(NatsOptions.Parse($"nats://127.0.0.1:{nats.Port}"));
            services.AddRedisState(RedisOptions.Parse($"redis://127.0.0.1:{redis.Port}"));
        },
        requestsPerSecond);

    /// <summary>Waits until /health/ready says it, with these parts degraded and a reason for each. It answers 200 all the while.</summary>
    private static Task<TimeSpan> UntilAsync(TestPlane plane, string status, params string[] degraded) => Until.HoldsAsync(async () =>
    {
        var health = await plane.Client.GetHealthReadyAsync();
        var parts = health.Parts.Where(p => p.Status != "healthy").ToList();
        Assert.All(parts, p => Assert.False(string.IsNullOrWhiteSpace(p.Detail)));
        return (health.Status == status && degraded.All(d => parts.Any(p => p.Name == d)), $"{health.Status}: {string.Join("; ", parts.Select(p => $"{p.Name}: {p.Detail}"))}");
    }, Recovery);
}
