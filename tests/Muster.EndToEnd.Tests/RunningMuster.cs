using System.Diagnostics;
using System.Text.Json;
using Muster.Client;

namespace Muster.EndToEnd.Tests;

/// <summary>A plane with its host, in a process of its own.</summary>
public sealed class RunningMuster : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _error;

    private RunningMuster(Process process, Task<string> error, Uri address, string token)
    {
        (_process, _error, Address) = (process, error, address);
        Client = new MusterClient(new MusterClientOptions { Server = address, Token = token });
    }

    public Uri Address { get; }

    public MusterClient Client { get; }

    public int Pid => _process.Id;

    public static async Task<RunningMuster> StartAsync(Process process)
    {
        var error = process.StandardError.ReadToEndAsync();
        // The first line says where it is; it is written when requests are served.
        var line = await process.StandardOutput.ReadLineAsync();
        if (line is null)
        {
            await process.WaitForExitAsync();
            throw new InvalidOperationException($"{string.Join(' ', process.StartInfo.ArgumentList)} ended with exit code {process.ExitCode} and said nothing; its errors: {await error}");
        }

        var welcome = JsonDocument.Parse(line).RootElement;
        var server = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(welcome.GetProperty("data").GetString()!, "server.json"))).RootElement;
        return new RunningMuster(process, error, new Uri(welcome.GetProperty("address").GetString()!), server.GetProperty("token").GetString()!);
    }

    /// <summary>Waits for a host that runs.</summary>
    public Task HostedAsync() => Until.HoldsAsync(
        async () => ((await Client.ListHostsAsync()).Items.Any(host => host.Health == "healthy"), "no host"), TimeSpan.FromSeconds(45));

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and the exit code.</summary>
    public async Task<int> StopAsync()
    {
        Signals.Send(_process.Id, Signals.Term);
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await StopAsync();
        await _error;
        Client.Dispose();
        _process.Dispose();
    }
}
