using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench.Benchmarks;

/// <summary>Somebody else's queue: a new process each round, beside the server that holds its tasks.</summary>
internal sealed class PeerContender(string name, string runtime, Func<CancellationToken, Task<Peer>> start, (string Name, Func<Usage> Read) server) : IContender
{
    public string Name => name;

    public string Unit => "tasks/s";

    public static async Task<IContender> OnPostgresAsync(Session session, string name, string script, int tasks, params string[] settings)
    {
        var postgres = await session.PostgresAsync();
        var database = await postgres.NewDatabaseAsync(session.Stop);
        return new PeerContender(name, "node", ct => Peer.StartAsync(script, [postgres.Address(database), $"{tasks}", .. settings], ct), ("postgres", postgres.Usage));
    }

    public static async Task<IContender> QuartzAsync(Session session, string name, int tasks)
    {
        var postgres = await session.PostgresAsync();
        return new PeerContender(name, "dotnet", async ct => await Peer.StartQuartzAsync([postgres.Address(await postgres.NewDatabaseAsync(ct)), $"{tasks}"], ct), ("postgres", postgres.Usage));
    }

    public static async Task<IContender> OnRedisAsync(Session session, string name, bool flush, int tasks)
    {
        var redis = await session.RedisAsync(flush);
        return new PeerContender(name, "node", ct => Peer.StartAsync("bullmq.js", [$"{redis.Port}", $"{tasks}", "64"], ct), ("redis", redis.Usage));
    }

    public async Task<Sample> RunAsync(CancellationToken ct)
    {
        await using var peer = await start(ct);
        await peer.WarmAsync(ct);
        var meter = Meter.Start((runtime, peer.Usage), server);
        return meter.Stop(await peer.RunAsync(ct));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
