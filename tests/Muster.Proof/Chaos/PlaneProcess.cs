using System.Diagnostics;
using System.Text.Json;
using Muster.Conformance.Servers;

namespace Muster.Proof.Chaos;

/// <summary>A plane under test: the real <c>muster serve</c>, or the real plane with a planted bug. Started again on its own port.</summary>
internal sealed class PlaneProcess(string folder, ChaosOptions options, Ground? ground = null, string name = "data") : IAsyncDisposable
{
    /// <summary>How long one is started again and again that ends at once because its database is just being killed, or its disk is full.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _gate = new(1, 1);
    // Not one of those that outgoing connections take: agents that try again while it is down would come to sit on it.
    private readonly int _port = Ports.Free();
    private Child? _child;

    public Uri Address { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>The owner's.</summary>
    public string Token { get; private set; } = "";

    public string Data { get; } = Path.Combine(folder, name);

    /// <summary>Of its newest process.</summary>
    public int Pid => Process.Pid;

    public Child Process => _child ?? throw new InvalidOperationException("The plane was not started.");

    public async Task StartAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await TryStartAsync())
        {
            if ((ground?.Postgres is not null || options.Disk) && Stopwatch.GetElapsedTime(begun) < Patience) continue;
            throw new InvalidOperationException($"The plane ended at its start: {Tail(Path.Combine(folder, name + ".err"))}");
        }
    }

    /// <summary>kill -9, then started again; nobody else kills or freezes it meanwhile.</summary>
    public async Task KillAsync(Action gone)
    {
        await _gate.WaitAsync();
        try
        {
            await Process.KillAsync();
            gone();
            await StartAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>SIGSTOP for a while, then SIGCONT.</summary>
    public async Task FreezeAsync(TimeSpan time)
    {
        await _gate.WaitAsync();
        try
        {
            Process.Freeze();
            await Task.Delay(time);
            Process.Thaw();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Starts it again when it has ended.</summary>
    public async Task ReviveAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (Process.HasEnded) await StartAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_child is not null) await _child.DisposeAsync();
        _gate.Dispose();
    }

    private async Task<bool> TryStartAsync()
    {
        string[] command = options.Plant is { } plant
            ? ["dotnet", Child.Proof, "plane", "--data", Data, "--port", $"{_port}", "--plant", $"{plant}", .. ground?.Arguments ?? []]
            : ["dotnet", Child.Muster, "serve", "--data", Data, "--port", $"{_port}", "--json", .. ground?.Arguments ?? []];
        if (_child is not null) await _child.DisposeAsync();
        _child = Child.Start(folder, name, command);
        // The first line comes when requests are served.
        if (await _child.Output.ReadLineAsync() is not { } line)
        {
            await _child.StopAsync(TimeSpan.FromSeconds(5));
            return false;
        }

        var welcome = JsonDocument.Parse(line).RootElement;
        Address = new Uri(welcome.GetProperty("address").GetString()!);
        Token = welcome.TryGetProperty("token", out var token) && token.ValueKind == JsonValueKind.String ? token.GetString()!
            : JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "server.json"))).RootElement.GetProperty("token").GetString()!;
        return true;
    }

    private static string Tail(string file) => File.Exists(file) ? string.Join('\n', File.ReadLines(file).TakeLast(20)) : "it said nothing";
}
