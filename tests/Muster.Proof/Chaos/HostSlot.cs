using System.Diagnostics;
using System.Globalization;
using Muster.Client;
using Muster.Contracts.Fleet;

namespace Muster.Proof.Chaos;

/// <summary>A host daemon in a process of its own, with an agent of ours under it that it starts, ends and starts again.</summary>
internal sealed class HostSlot(string folder, ChaosOptions options, Uri server, string token, string project) : IAsyncDisposable
{
    private const string Name = "chaos-host";
    private const string Agent = "hosted";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private Child? _child;

    /// <summary>Whether an agent under it has come to write down calls since the last one was killed.</summary>
    public bool Works() => Ledgers(folder).Any(file => file.LastWriteTimeUtc > DateTime.UtcNow.AddSeconds(-1));

    /// <summary>Ledgers of the agents under it, one of each process.</summary>
    public static IEnumerable<FileInfo> Ledgers(string folder) => new DirectoryInfo(folder).EnumerateFiles($"agents-{Agent}.*.jsonl");

    public async Task StartAsync(MusterClient owner, CancellationToken ct)
    {
        Start();
        while (!(await owner.ListHostsAsync(ct: ct)).Items.Any(h => h.Name == Name)) await Task.Delay(50, ct);
        await owner.CreateAgentAsync(new CreateAgent
        {
            Name = Agent,
            Host = Name,
            Capacity = 1000,
            Definition = new AgentDefinition
            {
                Executor = Executors.Program,
                Command = ["dotnet", Child.Proof, "agent", "--hosted", "--folder", folder, "--project", project, "--batch", $"{options.Batch}", "--lease", $"{options.LeaseSeconds}", "--seed", $"{options.Seed}", "--forgetful", $"{options.Forgetful}", "--given-back", $"{options.GivenBack}", "--messages", options.Nats ? "yes" : "no"],
            },
        }, ct: ct);
    }

    /// <summary>kill -9 of the daemon alone; what it had started is left to its successor.</summary>
    public Task KillAsync(Action gone) => AloneAsync(async () =>
    {
        await _child!.KillAsync();
        gone();
        await _child.DisposeAsync();
        Start();
    });

    /// <summary>kill -9 of the agent under it; false when there is none.</summary>
    public bool KillAgent(Action gone)
    {
        if (RunningAgent() is not { } pid) return false;
        Child.Kill(pid);
        gone();
        return true;
    }

    /// <summary>SIGSTOP past the lease, of the daemon and of the agent under it together, then SIGCONT.</summary>
    public Task FreezeAsync(TimeSpan time) => AloneAsync(async () =>
    {
        var agent = RunningAgent();
        _child!.Freeze();
        if (agent is { } frozen) Child.Freeze(frozen);
        await Task.Delay(time);
        if (agent is { } thawed) Child.Thaw(thawed);
        _child.Thaw();
    });

    public Task ReviveAsync() => AloneAsync(() =>
    {
        if (_child!.HasEnded) Start();
        return Task.CompletedTask;
    });

    /// <summary>Tells it to go and waits: it ends its agent first.</summary>
    public Task<int> StopAsync() => _child!.StopAsync(TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        if (_child is null) return;
        await _child.DisposeAsync();
        if (RunningAgent() is { } left) Child.Kill(left);
        _gate.Dispose();
    }

    private void Start() => _child = Child.Start(folder, "host", "dotnet", Child.Muster, "host", "--name", Name, "--server", $"{server}", "--token", token, "--data", Path.Combine(folder, "host-data"), "--capacity", "4", "--json");

    /// <summary>The newest agent that still runs; its process id stands in the name of its ledger.</summary>
    private int? RunningAgent() => Ledgers(folder).OrderByDescending(file => file.CreationTimeUtc)
        .Select(file => int.Parse(file.Name.Split('.')[1], CultureInfo.InvariantCulture)).Cast<int?>().FirstOrDefault(pid => IsAgent(pid!.Value));

    private static bool IsAgent(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Contains("--hosted", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It has ended.
            return false;
        }
    }

    private async Task AloneAsync(Func<Task> action)
    {
        await _gate.WaitAsync();
        try
        {
            await action();
        }
        finally
        {
            _gate.Release();
        }
    }
}
