using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Muster.Proof.Chaos;

/// <summary>A process of ours that may be killed and frozen, and is waited for.</summary>
internal sealed partial class Child : IAsyncDisposable
{
    private const int End = 9;
    private const int Continue = 18;
    private const int Halt = 19;
    private const int Terminated = 15;

    private readonly Process _process;
    private readonly Task _errors;

    private Child(Process process, string errors)
    {
        _process = process;
        Pid = process.Id;
        _errors = CopyAsync(process.StandardError, errors);
    }

    /// <summary>Also when it is gone and let go of: whoever looks for a process by number may look at it meanwhile.</summary>
    public int Pid { get; }

    public bool HasEnded => _process.HasExited;
    public int ExitCode => _process.ExitCode;
    public StreamReader Output => _process.StandardOutput;

    /// <summary>The executable under test, as a person would start it.</summary>
    public static string Muster { get; } = typeof(Child).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "Muster").Value!;

    /// <summary>This program, for the parts of it that run in processes of their own.</summary>
    public static string Proof { get; } = typeof(Child).Assembly.Location;

    /// <param name="folder">Where it runs; its standard error is appended to a file there.</param>
    /// <param name="name">Of that file.</param>
    /// <param name="command">The program and its arguments.</param>
    public static Child Start(string folder, string name, params IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach (var argument in command.Skip(1)) start.ArgumentList.Add(argument);
        foreach (var variable in start.Environment.Keys.Where(k => k.StartsWith("MUSTER_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(variable);
        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(folder, "config");
        start.Environment["XDG_DATA_HOME"] = Path.Combine(folder, "share");
        // Many short lives: what is compiled well only after a while never pays here, least of all in agents, which live for seconds.
        start.Environment["DOTNET_TieredPGO"] = "0";
        if (command.Contains(Proof, StringComparer.Ordinal)) start.Environment["DOTNET_TC_CallCounting"] = "0";
        return new Child(Process.Start(start)!, Path.Combine(folder, name + ".err"));
    }

    /// <summary>kill -9, and wait until it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _errors;
    }

    /// <summary>kill -9 of a process that somebody else started for us; it may be gone already.</summary>
    public static void Kill(int pid) => _ = SendSignal(pid, End);

    public static void Terminate(int pid) => _ = SendSignal(pid, Terminated);

    public static void Freeze(int pid) => _ = SendSignal(pid, Halt);

    public static void Thaw(int pid) => _ = SendSignal(pid, Continue);

    public void Freeze() => Send(Halt);

    public void Thaw() => Send(Continue);

    /// <summary>Closes its input, by which our own programs are told to go; then the exit code.</summary>
    public Task<int> EndAsync(TimeSpan patience)
    {
        _process.StandardInput.Close();
        return WaitAsync(patience);
    }

    /// <summary>SIGTERM, then the exit code; a process that does not go within its time is killed and answers -1.</summary>
    public Task<int> StopAsync(TimeSpan patience)
    {
        Send(Terminated);
        return WaitAsync(patience);
    }

    private async Task<int> WaitAsync(TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
            return -1;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        await _errors;
        _process.Dispose();
    }

    private void Send(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0 && !_process.HasExited) throw new InvalidOperationException($"Signal {signal} could not be sent to process {_process.Id}.");
    }

    private static async Task CopyAsync(StreamReader from, string file)
    {
        while (await from.ReadLineAsync() is { } line) await File.AppendAllTextAsync(file, line + "\n");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);
}
