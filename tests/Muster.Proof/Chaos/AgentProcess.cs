using System.Diagnostics;
using Muster.Client;
using Muster.Proof.Checking;

namespace Muster.Proof.Chaos;

/// <summary><c>agent</c>: several agents in a process of their own, each with its own client, one ledger for all.</summary>
internal static class AgentProcess
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        using var ended = new CancellationTokenSource();
        // The parent closes our input when it is time to go, and when it dies itself.
        _ = Task.Run(() =>
        {
            // Of its own thread: a console blocks whoever reads it.
            Console.In.ReadToEnd();
            ended.Cancel();
        });
        var server = new Uri(arguments.Text("server"));
        await using var ledger = new Ledger(arguments.Text("ledger"));
        var settings = new AgentSettings
        {
            Batch = arguments.Number("batch", 8),
            Lease = TimeSpan.FromSeconds(arguments.Number("lease", 2)),
            Project = arguments.Text("project"),
        };
        var random = new Random(arguments.Number("seed", 1));
        var agents = Enumerable.Range(1, arguments.Number("agents", 4)).Select(n => RunOneAsync($"{arguments.Text("name")}-{n}", random.Next())).ToList();
        await Task.WhenAll(agents);
        return 0;

        async Task RunOneAsync(string name, int seed)
        {
            // Half of them never ask twice, so that there are answers nobody ever got.
            var patient = seed % 2 == 0;
            using var client = new MusterClient(new MusterClientOptions
            {
                Server = server,
                Token = arguments.Text("token"),
                Timeout = TimeSpan.FromSeconds(3),
                MaxRetries = 0,
            });
            await new ChaosAgent(name, client, ledger, settings, patient, new Random(seed)).RunAsync(ended.Token);
        }
    }
}

internal sealed record AgentSettings
{
    public required int Batch { get; init; }
    public required TimeSpan Lease { get; init; }
    public required string Project { get; init; }
}
