using System.Diagnostics;
using System.Globalization;
using System.Text;
using Muster.Contracts.Tools;
using Muster.Runner.Processes;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Tools;

internal enum RunEnding
{
    Exited,
    OverTime,
    OverMemory,
    OverOutput,

    /// <summary>The sandbox could not be set up; nothing of the tool ran.</summary>
    NotStarted,
}

/// <summary>One program in a tool's sandbox, from its start to its end, within its limits.</summary>
internal sealed record SandboxedRun(RunEnding Ending, int Code, string Output, string Errors, ToolLimits Limits, int Milliseconds)
{
    /// <summary>Of one file that it writes.</summary>
    private const int MostFileKilobytes = 65_536;
    private const int MostErrorCharacters = 20_000;

    /// <summary>
    /// A storm of processes must not keep the machine from ending it. Counted within the sandbox, threads included, which kernels before
    /// 5.14 do not; root is held by no such limit, only by <see cref="TreeWatch"/>.
    /// </summary>
    private static readonly string MostThreads = System.Environment.OSVersion.Version >= new Version(5, 14) ? $"{{ ulimit -u {TreeWatch.MostProcesses * 5} || ulimit -p {TreeWatch.MostProcesses * 5}; }} 2>/dev/null; " : "";

    public string Why => Ending switch
    {
        RunEnding.OverTime => $"It took longer than {Limits.Seconds} s and was ended.",
        RunEnding.OverMemory => $"It used more than {Limits.MemoryMb} MiB of memory, or more than {TreeWatch.MostProcesses} processes, and was ended.",
        RunEnding.OverOutput => $"It wrote more than {Limits.OutputBytes} bytes and was ended.",
        RunEnding.NotStarted => $"The sandbox could not be set up: {Errors}",
        _ => string.Create(CultureInfo.InvariantCulture, $"It ended with code {Code}: {(Errors.Length > 0 ? Errors : "it did not say why.")}"),
    };

    /// <param name="bench">Whose sandbox.</param>
    /// <param name="view">What it sees.</param>
    /// <param name="command">Program and arguments, as seen inside.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="limits">That end it.</param>
    /// <param name="isDotnet">Whether its runtime reserves far more addresses than it uses.</param>
    /// <param name="cancellation">Ends it and all it started.</param>
    public static async Task<SandboxedRun> StartAsync(ToolBench bench, ToolView view, IReadOnlyList<string> command, string input, ToolLimits limits, bool isDotnet, CancellationToken cancellation)
    {
        var marker = bench.NextMarker();
        var begun = $"begun-{Guid.NewGuid():n}";
        var output = new StringBuilder();
        var errors = new BoundedOutput(MostErrorCharacters);
        var ending = RunEnding.NotStarted;
        var bytes = 0L;
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(limits.Seconds));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, over.Token);
        var spec = new ProcessSpec
        {
            FileName = "/bin/sh",
            // Said before the tool begins, so that what the sandbox complains of is not taken for the tool's fault.
            Arguments = ["-c", $"{(view.Gate is null ? "" : GateFolder.Start)}echo {begun} >&2; {MostThreads}ulimit -c 0; ulimit -f {MostFileKilobytes * 2}; ulimit -n 256; {(isDotnet ? "" : $"ulimit -v {limits.MemoryMb * 1024}; ")}exec \"$@\"", "sh", .. command],
            WorkingDirectory = "/",
            Environment = Environment(marker, limits, isDotnet, view.Gate is not null),
            StdinText = input,
            OnText = text =>
            {
                bytes += Encoding.UTF8.GetByteCount(text.Span);
                if (bytes <= limits.OutputBytes) output.Append(text);
                else if (ending == RunEnding.Exited) (ending, _) = (RunEnding.OverOutput, over.CancelAsync());
            },
            OnErrorLine = line =>
            {
                if (ending == RunEnding.NotStarted && line == begun) ending = RunEnding.Exited;
                else errors.Add(line);
            },
        };
        var watch = Stopwatch.StartNew();
        var code = -1;
        try
        {
            await using var group = ProcessGroup.Start(bench.Sandbox.Enclose(spec, view));
            using var kill = either.Token.Register(group.Kill);
            using var tree = new TreeWatch(group.Pid, limits.MemoryMb * 1024L * 1024L, () => (ending, _) = (RunEnding.OverMemory, over.CancelAsync()));
            code = (await group.Exit).Code;
            cancellation.ThrowIfCancellationRequested();
            if (bytes > limits.OutputBytes && ending == RunEnding.Exited) ending = RunEnding.OverOutput;
            if (ending == RunEnding.Exited && over.IsCancellationRequested) ending = RunEnding.OverTime;
        }
        catch (ProgramNotFoundException missing)
        {
            errors.Add(missing.Message);
        }
        finally
        {
            // Also what left the group; inside it has nowhere to go, but the box itself is ours.
            await MarkedProcesses.KillAsync(marker);
        }

        return new SandboxedRun(ending, code, output.ToString(), errors.LastLines(20, 900), limits, (int)watch.ElapsedMilliseconds);
    }

    // Nothing of ours: what a tool knows of this machine is what stands here.
    private static Dictionary<string, string> Environment(string marker, ToolLimits limits, bool isDotnet, bool hasGate)
    {
        Dictionary<string, string> environment = new(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/bin:/bin",
            ["HOME"] = ToolWalls.Home,
            ["TMPDIR"] = "/tmp",
            ["LANG"] = "C.UTF-8",
            ["PYTHONDONTWRITEBYTECODE"] = "1",
            ["PYTHONIOENCODING"] = "utf-8",
            [ChildEnvironment.Marker] = marker,
        };
        if (hasGate)
            foreach (var (name, value) in GateFolder.Environment()) environment[name] = value;
        if (!isDotnet) return environment;
        environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        environment["DOTNET_EnableDiagnostics"] = "0";
        environment["DOTNET_gcServer"] = "0";
        environment["DOTNET_TieredPGO"] = "0";
        environment["DOTNET_GCHeapHardLimit"] = (limits.MemoryMb * 1024L * 1024L).ToString("x", CultureInfo.InvariantCulture);
        return environment;
    }
}
