using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Muster.Bench.Measure;

namespace Muster.Bench.Servers;

/// <summary>A process that a run has started: ended with the run, however that ends.</summary>
internal sealed partial class Child : IAsyncDisposable
{
    /// <summary>Makes continuations run where the bytes arrive: the load is one thread that never waits for another.</summary>
    public const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    private const int Terminate = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly ConcurrentDictionary<Child, byte> Running = new();

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _complaints = new();

    private Child(Process process) => _process = process;

    public int Pid => _process.Id;
    public StreamReader Output => _process.StandardOutput;
    public StreamWriter Input => _process.StandardInput;
    public bool HasEnded => _process.HasExited;
    public int ExitCode => _process.ExitCode;
    public string Complaints => string.Join('\n', _complaints);

    public static Child Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        // This process's own way with its sockets; servers run as they are installed.
        start.Environment.Remove(InlineCompletions);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var child = new Child(new Process { StartInfo = start });
        child._process.ErrorDataReceived += (_, line) => child.Complain(line.Data);
        child._process.Start();
        child._process.BeginErrorReadLine();
        Running[child] = 0;
        return child;
    }

    /// <summary>Runs a program to its end and gives its output; throws with its complaint when it fails.</summary>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken ct, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        await using var child = Start(program, arguments, environment, folder);
        child.Input.Close();
        var output = await child.Output.ReadToEndAsync(ct);
        await child._process.WaitForExitAsync(ct);
        return child.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {child.ExitCode}: {child.Complaints}{output}");
    }

    public Usage Usage() => ProcessTree.Read(Pid);

    /// <summary>Reads what nobody needs, so that a talkative server does not stop at a full pipe.</summary>
    public void Drain() => _ = Task.Run(async () =>
    {
        while (await Output.ReadLineAsync() is { } line) Complain(line);
    });

    public void Signal(int number)
    {
        if (!_process.HasExited) _ = Kill(_process.Id, number);
    }

    /// <summary>Ends it in good order, and by force when that takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!Running.TryRemove(this, out _)) return;
        Signal(Terminate);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    /// <summary>For the end of this process itself, when there is no time left for good order.</summary>
    public static void KillAll()
    {
        foreach (var child in Running.Keys)
            if (!child._process.HasExited) child._process.Kill(entireProcessTree: true);
    }

    private void Complain(string? line)
    {
        if (string.IsNullOrEmpty(line)) return;
        _complaints.Enqueue(line);
        while (_complaints.Count > 50) _complaints.TryDequeue(out _);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
