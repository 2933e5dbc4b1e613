using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench.Benchmarks;

/// <summary>A queue from npm: a new process each round, beside the server that holds its tasks.</summary>
internal sealed class PeerContender(string name, string script, Func<CancellationToken, Task<string[]>> arguments, (string Name, Func<Usage> Read) server) : IContender
{
    public string Name => name;

    public string Unit => "tasks/s";

    public static async Task<IContender> OnPostgresAsync(Session session, string name, string script, int tasks, params string[] settings)
    {
        var postgres = await session.PostgresAsync();
        var database = await postgres.NewDatabaseAsync(session.Stop);
        return new PeerContender(name, script, _ => Task.FromResult<string[]>([postgres.Address(database), $"{tasks}", .. settings]), ("postgres", postgres.Usage));
    }

    public static async Task<IContender> OnRedisAsync(Session session, string name, bool flush, int tasks)
    {
        var redis = await session.RedisAsync(flush);
        return new PeerContender(name, "bullmq.js", _ => Task.FromResult<string[]>([$"{redis.Port}", $"{tasks}", "64"]), ("redis", redis.Usage));
    }

    public async Task<Sample> RunAsync(CancellationToken ct)
    {
        await using var peer = await Peer.StartAsync(script, await arguments(ct), ct);
        var meter = Meter.Start(("node", peer.Usage), server);
        return meter.Stop(await peer.RunAsync(ct));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
