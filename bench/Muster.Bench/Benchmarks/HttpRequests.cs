using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Benchmarks;

/// <summary>What HTTP itself costs: the bare web server, then the plane's own paths that ask the store nothing.</summary>
internal static class HttpRequests
{
    private const int Connections = 64;

    public static Benchmark Benchmark { get; } = new("http", "requests/s of the bare web server, and of paths of ours that do not touch the store", RunAsync);

    private static async Task RunAsync(Session session)
    {
        await using var bare = await BareKestrel.StartAsync(session.Stop);
        var folder = session.NewFolder("plane");
        await Seed.FillAsync(folder, null, 100, session.Stop);
        await using var plane = await Plane.StartAsync(folder, null, session.Stop);
        var total = session.Options.Quick ? 20_000 : 100_000;
        await Rounds.CompareAsync(session, Benchmark.Name, null,
            Of("bare Kestrel", bare.Address, ("kestrel", bare.Usage), _ => Request.Post("/", "", "{}")),
            Of("GET /health/live", plane.Address, ("plane", plane.Usage), _ => Request.Get("/health/live", "")),
            Of("GET /api/whoami (authentication)", plane.Address, ("plane", plane.Usage), _ => Request.Get("/api/whoami", plane.Token)),
            Of("POST /api/agents/heartbeat, nothing new", plane.Address, ("plane", plane.Usage), n => Request.Post("/api/agents/heartbeat", plane.Token, $$"""{"agent":"bench-{{n}}","capacity":1000}""")));

        (string, Func<Task<IContender>>) Of(string name, Uri address, (string, Func<Usage>) server, Func<int, byte[]> request) =>
            (name, async () =>
            {
                var contender = new Repeated(name, address, server, [.. Enumerable.Range(0, Connections).Select(request)], total);
                await contender.WarmAsync(session.Stop);
                return contender;
            }
        );
    }

    private sealed class Repeated(string name, Uri address, (string, Func<Usage>) server, byte[][] requests, int total) : IContender
    {
        public string Name => name;

        public string Unit => "requests/s";

        public Task WarmAsync(CancellationToken ct) => Requests.RepeatAsync(address, requests, total / 2, ct);

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            var meter = Meter.Start(server);
            return meter.Stop(await Requests.RepeatAsync(address, requests, total, ct));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
