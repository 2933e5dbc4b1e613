using System.Diagnostics;

namespace Muster.EndToEnd.Tests;

/// <summary>A host daemon in a process of its own.</summary>
public sealed class RunningHost : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    internal RunningHost(Process process, string folder)
    {
        (_process, _folder) = (process, folder);
        _output = process.StandardOutput.ReadToEndAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    public int Pid => _process.Id;

    /// <summary>The marker that everything started by the daemon that uses the folder carries in its environment; empty before it runs.</summary>
    public string Marker => File.Exists(Path.Combine(_folder, "run")) ? File.ReadAllText(Path.Combine(_folder, "run")).Trim() : "";

    /// <summary>kill -9 of the daemon alone; what it started lives on.</summary>
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
        await Task.WhenAll(_output, _error);
        _process.Dispose();
    }
}
