using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Text;

namespace Muster.Runner.Processes;

/// <summary>
/// A program in a session of its own, so that it and everything it starts can be ended with one signal. When the program
/// itself ends, what is left of its group is killed: nothing outlives the reason it was started for.
/// </summary>
public sealed class ProcessGroup : IAsyncDisposable
{
    // After the program's end its output may be held open by a child that left the group; we do not wait for that one.
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly Lock _gate = new();
    private bool _ended;

    private ProcessGroup(Process process, ProcessSpec spec)
    {
        _process = process;
        Pid = process.Id;
        Exit = FollowAsync(spec);
    }

    public int Pid { get; }

    /// <summary>Completes when the program has ended, its group is gone and its output is read. Never faults.</summary>
    public Task<ProcessExit> Exit { get; }

    /// <exception cref="ProgramNotFoundException">The program or the working folder is not there.</exception>
    public static ProcessGroup Start(ProcessSpec spec)
    {
        if (!Directory.Exists(spec.WorkingDirectory))
            throw new ProgramNotFoundException(spec.FileName, $"The folder '{spec.WorkingDirectory}' to run '{spec.FileName}' in is not there.");

        var program = ProgramPath.Resolve(spec.FileName, spec.WorkingDirectory, spec.Environment);
        var (leader, arguments) = OwnSession.Wrap(program, spec.Arguments);
        var start = new ProcessStartInfo(leader, arguments)
        {
            WorkingDirectory = spec.WorkingDirectory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        start.Environment.Clear();
        foreach (var (name, value) in spec.Environment) start.Environment[name] = value;
        try
        {
            return new ProcessGroup(Process.Start(start)!, spec);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new ProgramNotFoundException(spec.FileName, $"Program '{spec.FileName}' could not be started: {error.Message}.");
        }
    }

    /// <summary>Runs to the end. On cancellation the whole group is killed at once.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the group is gone.</exception>
    public static async Task<ProcessExit> RunAsync(ProcessSpec spec, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        await using var group = Start(spec);
        using var kill = cancellation.Register(group.Kill);
        var exit = await group.Exit;
        cancellation.ThrowIfCancellationRequested();
        return exit;
    }

    /// <summary>SIGKILL to the whole group, now.</summary>
    public void Kill() => Signal(Libc.SigKill);

    /// <summary>SIGTERM to the whole group, now.</summary>
    public void Terminate() => Signal(Libc.SigTerm);

    /// <summary>Writes a line to standard input that is kept open; one caller at a time. False when the program reads no more.</summary>
    public async Task<bool> WriteLineAsync(string line, CancellationToken cancellation)
    {
        try
        {
            await _process.StandardInput.WriteAsync((line + "\n").AsMemory(), cancellation);
            await _process.StandardInput.FlushAsync(cancellation);
            return true;
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            return false;
        }
    }

    public void CloseStdin()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            // The program ended first; its input is closed either way.
        }
    }

    /// <summary>Asks nicely, waits up to <paramref name="grace"/>, then kills.</summary>
    public async Task<ProcessExit> StopAsync(TimeSpan grace)
    {
        CloseStdin();
        Terminate();
        await Task.WhenAny(Exit, Task.Delay(grace));
        Kill();
        return await Exit;
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await Exit;
        _process.Dispose();
    }

    private void Signal(int signal)
    {
        lock (_gate)
        {
            if (_ended) return;
            // Between fork and setsid there is no group yet, only the process.
            if (!Libc.SignalGroup(Pid, signal)) Libc.Signal(Pid, signal);
        }
    }

    private async Task<ProcessExit> FollowAsync(ProcessSpec spec)
    {
        await Task.Yield();
        var gate = new Lock();
        ExceptionDispatchInfo? broken = null;
        var readers = Task.WhenAll(
            ReadAsync(_process.StandardOutput, spec.OnLine, spec.OnText),
            ReadAsync(_process.StandardError, spec.OnErrorLine ?? spec.OnLine, null));
        var writer = WriteAsync(spec);
        await _process.WaitForExitAsync();
        lock (_gate)
        {
            _ended = true;
            Libc.SignalGroup(Pid, Libc.SigKill);
        }

        await Task.WhenAny(Task.WhenAll(readers, writer), Task.Delay(DrainTime));
        await _process.StandardOutput.BaseStream.DisposeAsync();
        await _process.StandardError.BaseStream.DisposeAsync();
        await readers;
        broken?.Throw();
        return new ProcessExit(_process.ExitCode);

        async Task ReadAsync(StreamReader reader, Action<string>? onLine, Action<ReadOnlyMemory<char>>? onText)
        {
            var lines = new LineSplitter(spec.MaxLineLength, line =>
            {
                lock (gate) onLine?.Invoke(line);
            });
            var buffer = new char[8 * 1024];
            try
            {
                for (int read; (read = await reader.ReadAsync(buffer)) > 0;)
                {
                    try
                    {
                        if (broken is not null) continue;
                        if (onText is null) lines.Write(buffer.AsSpan(0, read));
                        else onText(buffer.AsMemory(0, read));
                    }
#pragma warning disable CA1031 // Whatever the listener throws is thrown at the end: until then the program must not be left with a full pipe.
                    catch (Exception error)
#pragma warning restore CA1031
                    {
                        broken = ExceptionDispatchInfo.Capture(error);
                        Kill();
                    }
                }
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
            {
                // Given up after the drain time: what a stray child still writes belongs to nobody.
            }

            if (broken is null) lines.End();
        }
    }

    private async Task WriteAsync(ProcessSpec spec)
    {
        try
        {
            if (spec.StdinText is { } text) await _process.StandardInput.WriteAsync(text);
            if (!spec.KeepStdinOpen) _process.StandardInput.Close();
            else await _process.StandardInput.FlushAsync();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // A program need not read its input; ending without reading it is no fault.
        }
    }
}
