using System.Diagnostics;

namespace Muster.Proof.Chaos;

/// <summary>A place for a process of agents: whoever is killed there has a successor with the same names and a ledger of its own.</summary>
internal sealed class AgentSlot(int number, string folder, ChaosOptions options, IReadOnlyList<Uri> servers, string token, string project) : IAsyncDisposable
{
    private readonly List<(string Ledger, long Killed)> _lives = [];
    private Child? _child;
    private int _life;

    public bool HasEnded => _child is null or { HasEnded: true };

    /// <summary>Whether its process has come to write down calls.</summary>
    public bool HasBegun() => _lives.Count > 0 && new FileInfo(_lives[^1].Ledger) is { Exists: true, Length: > 2000 };

    /// <summary>The ledger of each successor, and when its forerunner was killed.</summary>
    public IReadOnlyList<(string Ledger, long Killed)> Lives => _lives;

    public void Start(long killed)
    {
        var ledger = Path.Combine(folder, $"agents-{number}.{++_life}.jsonl");
        _lives.Add((ledger, killed));
        _child = Child.Start(folder, $"agents-{number}", "dotnet", Child.Proof, "agent",
            "--servers", string.Join(',', servers), "--token", token, "--project", project, "--ledger", ledger, "--name", $"agent-{number}", "--seed", $"{options.Seed + number * 1000 + _life}",
            "--agents", $"{options.AgentsEach}", "--batch", $"{options.Batch}", "--lease", $"{options.LeaseSeconds}", "--forgetful", $"{options.Forgetful}", "--given-back", $"{options.GivenBack}", "--messages", options.Nats ? "yes" : "no");
    }

    public async Task KillAsync(Action gone)
    {
        await _child!.DisposeAsync();
        gone();
        Start(Stopwatch.GetTimestamp());
    }

    /// <summary>SIGSTOP for a while, then SIGCONT.</summary>
    public async Task FreezeAsync(TimeSpan time)
    {
        _child!.Freeze();
        await Task.Delay(time);
        _child.Thaw();
    }

    /// <summary>Tells it to go, and waits.</summary>
    public Task<int> StopAsync() => _child!.EndAsync(TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        if (_child is not null) await _child.DisposeAsync();
    }
}
