using System.Diagnostics;
using Muster.Runner.Processes;

namespace Muster.Runner.Mcp;

/// <summary>A server's program: in a session of its own, with an environment made for it, and gone with whoever needed it.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _marker;
    private readonly BoundedOutput _errors = new(8 * 1024);

    private ServerProcess(Process process, string marker)
    {
        (_process, _marker) = (process, marker);
        _ = HearAsync();
    }

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>The end of what it wrote to standard error. May hold secrets.</summary>
    public string LastWords => _errors.LastLines(3);

    /// <exception cref="ProgramNotFoundException">The program is not there.</exception>
    public static ServerProcess Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, string folder, string marker)
    {
        // Only what a program needs to run at all: a server sees no variable of ours that nobody gave it on purpose.
        var all = ChildEnvironment.Create(marker, ChildEnvironment.Quiet);
        foreach (var (name, value) in environment) all[name] = value;
        all[ChildEnvironment.Marker] = marker;
        var (leader, arguments) = OwnSession.Wrap(ProgramPath.Resolve(command[0], folder, all), command.Skip(1));
        var start = new ProcessStartInfo(leader, arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var (name, value) in all) start.Environment[name] = value;
        try
        {
            return new ServerProcess(Process.Start(start)!, marker);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new ProgramNotFoundException(command[0], $"Program '{command[0]}' could not be started: {error.Message}.");
        }
    }

    // Line by line, but never a line as long as a server likes.
    private async Task HearAsync()
    {
        var lines = new LineSplitter(2_000, _errors.Add);
        var buffer = new char[4 * 1024];
        try
        {
            for (int read; (read = await _process.StandardError.ReadAsync(buffer)) > 0;) lines.Write(buffer.AsSpan(0, read));
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It was ended.
        }

        lines.End();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited && !Libc.SignalGroup(_process.Id, Libc.SigKill)) Libc.Signal(_process.Id, Libc.SigKill);
        // Also those that left the group.
        await MarkedProcesses.KillAsync(_marker);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
