using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet;
using Muster.Integrations.Nats;
using Muster.Integrations.Postgres;
using Muster.Integrations.Redis;

namespace Muster.Conformance.Planes;

/// <summary>Two planes on one store: agents of either talk with each other, and each plane knows of agents that speak to the other.</summary>
[Trait("req", "B3")]
public sealed class SeveralPlanesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("nats and redis")]
    [InlineData("postgres")]
    public async Task Agents_of_two_planes_talk_and_each_plane_hears_of_the_others_agents(string by)
    {
        var database = PostgresAddress.Parse(await SharedPostgres.DatabaseAsync());
        await using var nats = by == "postgres" ? null : await NatsServer.StartAsync();
        await using var redis = by == "postgres" ? null : await RedisServer.StartAsync();
        using var hereFolder = new ScratchFolder();
        using var thereFolder = new ScratchFolder();
        await using var here = await StartAsync(hereFolder);
        await using var there = await StartAsync(thereFolder);
        foreach (var plane in new[] { here, there })
            await Until.HoldsAsync(async () => ((await plane.Client.GetHealthReadyAsync()).Status == "healthy", "not healthy yet"), Patience);

        await here.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT" });
        using var ada = await here.AgentAsync("ada");
        using var stop = new CancellationTokenSource(Patience);
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answering = Task.Run(async () =>
        {
            await foreach (var question in there.Client.StreamMessagesAsync("agents.FLT.estimate", () => listening.TrySetResult(), ct: stop.Token))
            {
                await there.Client.PublishMessageAsync(new PublishMessage { Subject = question.ReplyTo!, Data = question.Data });
                return question.From;
            }

            return null;
        });
        await listening.Task.WaitAsync(stop.Token);
        var data = System.Text.Json.JsonSerializer.SerializeToElement(42);
        Assert.Equal(42, (await ada.RequestMessageAsync(new RequestMessage { Subject = "agents.FLT.estimate", Data = data })).Data!.Value.GetInt32());
        Assert.Equal("ada", await answering);

        // She speaks to this plane only; the other one hears of it through the shared state, newer than its store knows.
        var before = DateTimeOffset.UtcNow;
        await Until.HoldsAsync(async () =>
        {
            await ada.HeartbeatAsync(new HeartbeatRequest { Agent = "ada", Capacity = 100 });
            var seen = await there.Client.GetAgentAsync("ada");
            return (seen.LastHeartbeat > before && seen.Health == AgentHealth.Healthy, $"last seen {seen.LastHeartbeat:O}, {seen.Health}");
        }, Patience);
        Assert.Null(there.Services.GetRequiredService<PresenceTable>().Find((await there.Client.GetAgentAsync("ada")).Id));

        async Task<TestPlane> StartAsync(ScratchFolder folder)
        {
            var store = await PostgresStore.OpenAsync(database, TimeProvider.System, NullLogger.Instance);
            return await TestPlane.StartAsync(folder.Path, _ => store, services =>
            {
                if (nats is null || redis is null) services.AddPostgresBus(database).AddPostgresState(database);
                else services.AddNatsBus(NatsOptions.Parse($"nats://127.0.0.1:{nats.Port}")).AddRedisState(RedisOptions.Parse($"redis://127.0.0.1:{redis.Port}"));
            });
        }
    }
}
