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
        var hosted = arguments.Flag("hosted");
        Uri[] servers = hosted ? [new(Variable("SERVER"))] : [.. arguments.Text("servers").Split(',').Select(s => new Uri(s))];
        var token = hosted ? Variable("TOKEN") : arguments.Text("token");
        var name = hosted ? Variable("AGENT") : arguments.Text("name");
        await using var ledger = new Ledger(hosted ? Path.Combine(arguments.Text("folder"), $"agents-{name}.{Environment.ProcessId}.jsonl") : arguments.Text("ledger"));
        var settings = new AgentSettings
        {
            Batch = arguments.Number("batch", 8),
            Lease = TimeSpan.FromSeconds(arguments.Number("lease", 2)),
            Project = arguments.Text("project"),
            Forgetful = arguments.Number("forgetful", 3),
            GivenBack = arguments.Number("given-back", 10),
            Messages = arguments.Find("messages") == "yes",
        };
        var random = new Random(arguments.Number("seed", 1) + (hosted ? Environment.ProcessId : 0));
        // One that runs under a daemon has the name that its token is for.
        var names = hosted ? [name] : Enumerable.Range(1, arguments.Number("agents", 4)).Select(n => $"{name}-{n}").ToArray();
        await Task.WhenAll(names.Select(n => RunOneAsync(n, random.Next())).ToList());
        return 0;

        async Task RunOneAsync(string agent, int seed)
        {
            // Half of them never ask twice, so that there are answers nobody ever got.
            var patient = seed % 2 == 0;
            using var client = new MusterClient(new MusterClientOptions
            {
                Server = servers[0],
                Token = token,
                Timeout = TimeSpan.FromSeconds(3),
                MaxRetries = 0,
                Handler = servers.Length > 1 ? Crew.Handler(servers) : null,
            });
            await new ChaosAgent(agent, client, ledger, settings, patient, new Random(seed)).RunAsync(ended.Token);
        }
    }

    private static string Variable(string name) => Environment.GetEnvironmentVariable("MUSTER_" + name) ?? throw new UsageException($"MUSTER_{name} is not set: --hosted is for a host daemon to start.");
}

internal sealed record AgentSettings
{
    public required int Batch { get; init; }
    public required TimeSpan Lease { get; init; }
    public required string Project { get; init; }

    /// <summary>Of a thousand tasks, so many are held past their lease on purpose.</summary>
    public required int Forgetful { get; init; }
    public required int GivenBack { get; init; }

    /// <summary>Whether it tells the others of its work over the bus.</summary>
    public required bool Messages { get; init; }
}
