using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Muster.Conformance.Servers;

/// <summary>A server that a test has started: stopped, killed or held by its process id, and gone when the test ends.</summary>
public sealed partial class ServerProcess : IAsyncDisposable
{
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int SigContinue = 18;
    private const int SigStop = 19;
    private const int OutputKept = 100_000;

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ServerProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        // A run that is ended in the middle leaves no server behind either.
        AppDomain.CurrentDomain.ProcessExit += KillAtExit;
    }

    public int Id => _process.Id;

    public bool Ended => _process.HasExited;

    /// <summary>What it wrote, the beginning of it.</summary>
    public string Output
    {
        get { lock (_output) return _output.ToString(); }
    }

    /// <summary>Starts a program and waits until it is ready; fails with what it wrote when it ends before.</summary>
    public static async Task<ServerProcess> StartAsync(string program, IEnumerable<string> arguments, Func<Task<bool>> ready, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal)) start.Environment[name] = value;
        var server = new ServerProcess(Process.Start(start)!);
        try
        {
            await Until.HoldsAsync(async () =>
            {
                Assert.False(server.Ended, $"{program} ended: {server.Output}");
                return (await ready(), $"{program} is not ready: {server.Output}");
            }, TimeSpan.FromSeconds(30));
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>kill -9.</summary>
    public Task KillAsync() => EndAsync(SigKill);

    /// <summary>Asks it to stop in good order.</summary>
    public Task StopAsync() => EndAsync(SigTerm);

    /// <summary>Holds it where it is: connections stay open and nothing answers.</summary>
    public void Freeze() => Signal(SigStop);

    public void Thaw() => Signal(SigContinue);

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= KillAtExit;
        await EndAsync(SigKill);
        _process.Dispose();
    }

    private async Task EndAsync(int signal)
    {
        if (!_process.HasExited) Signal(signal);
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }

    private void KillAtExit(object? sender, EventArgs e)
    {
        if (!_process.HasExited) Signal(SigKill);
    }

    private void Signal(int signal)
    {
        // It may have ended a moment before; that is what is asked of it, or the test will say what it misses.
        if (Send(_process.Id, signal) != 0 && !_process.HasExited) throw new InvalidOperationException($"Signal {signal} did not reach process {_process.Id}.");
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output)
            if (_output.Length < OutputKept) _output.AppendLine(line);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int pid, int signal);
}
