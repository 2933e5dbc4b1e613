namespace Muster.Conformance.Servers;

/// <summary>The real servers can be started, killed and started again: what every suite here rests on.</summary>
public sealed class ServerTests
{
    [Fact]
    public async Task A_killed_redis_server_comes_back_at_its_port_and_has_forgotten_everything()
    {
        await using var redis = await RedisServer.StartAsync();
        Assert.Equal("+OK", await redis.SayAsync("SET key value"));
        await redis.Process.KillAsync();
        Assert.False(await Ports.AnswersAsync(redis.Port));
        await redis.RestartAsync();
        Assert.Equal("$-1", await redis.SayAsync("GET key"));
    }

    [Fact]
    public async Task A_killed_nats_server_comes_back_at_its_port()
    {
        await using var nats = await NatsServer.StartAsync(jetStream: true);
        await nats.Process.KillAsync();
        Assert.False(await Ports.AnswersAsync(nats.Port));
        await nats.RestartAsync();
        Assert.True(await Ports.AnswersAsync(nats.Port));
    }
}
