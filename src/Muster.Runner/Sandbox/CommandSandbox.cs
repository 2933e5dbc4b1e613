using Muster.Runner.Processes;

namespace Muster.Runner.Sandbox;

/// <summary>
/// Runs commands in bubblewrap where that works, which is found out by trying: it may be missing, or a container or the
/// system's settings may refuse it. Where it does not, commands run with the rights of the host's user, and <see cref="Statement"/> says so.
/// </summary>
public sealed class CommandSandbox
{
    private static readonly TimeSpan TryTime = TimeSpan.FromSeconds(20);

    private readonly string? _program;
    private readonly bool _closeNamespaces;

    private CommandSandbox(string? program, bool closeNamespaces, string statement) => (_program, _closeNamespaces, Statement) = (program, closeNamespaces, statement);

    public bool Works => _program is not null;

    /// <summary>A sentence for people: that it works, or why not and what to do.</summary>
    public string Statement { get; }

    /// <summary>Tries bubblewrap on a folder of its own.</summary>
    public static async Task<CommandSandbox> DetectAsync(CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux()) return Without("bubblewrap is for Linux only");
        string program;
        try
        {
            program = ProgramPath.Resolve("bwrap", "/", ChildEnvironment.Create(marker: null));
        }
        catch (ProgramNotFoundException)
        {
            return Without("bubblewrap is not installed (apt install bubblewrap)");
        }

        var folder = Directory.CreateTempSubdirectory("muster-sandbox-");
        try
        {
            // The older ones cannot forbid namespaces inside.
            foreach (var close in new[] { true, false })
            {
                var (ok, said) = await TryAsync(new CommandSandbox(program, close, ""), folder.FullName, cancellation);
                if (ok) return new CommandSandbox(program, close, "commands run in bubblewrap: they see the workspace and the system's programs, and nothing else of this machine");
                if (!close) return Without($"bubblewrap is installed but refused here ({said})");
            }

            throw new InvalidOperationException("Unreachable: the last try answers.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>No sandbox, for whoever wants none.</summary>
    public static CommandSandbox Without(string why) => new(null, false, $"commands run WITHOUT a sandbox, with the rights of the user that runs the host: {why}");

    /// <summary>The same program inside; as it was where there is no sandbox.</summary>
    public ProcessSpec Enclose(ProcessSpec spec, SandboxView view)
    {
        var environment = new Dictionary<string, string>(spec.Environment, StringComparer.Ordinal)
        {
            ["HOME"] = Works ? Bubblewrap.Home : view.Home,
            ["TMPDIR"] = Works ? Bubblewrap.Temporary : view.Temporary,
        };
        if (_program is null) return spec with { Environment = environment };
        return spec with
        {
            FileName = _program,
            Arguments = [.. Bubblewrap.Arguments(view, spec.WorkingDirectory, environment, _closeNamespaces), "--", spec.FileName, .. spec.Arguments],
            Environment = environment,
        };
    }

    /// <summary>A program of which nothing is known but what it may touch. Never without the sandbox.</summary>
    /// <exception cref="InvalidOperationException">There is no sandbox.</exception>
    public ProcessSpec Enclose(ProcessSpec spec, ToolView view)
    {
        if (_program is null) throw new InvalidOperationException(Statement);
        return spec with { FileName = _program, Arguments = [.. ToolWalls.Arguments(view, _closeNamespaces), "--", spec.FileName, .. spec.Arguments] };
    }

    private static async Task<(bool Ok, string Said)> TryAsync(CommandSandbox sandbox, string folder, CancellationToken cancellation)
    {
        var output = new BoundedOutput(4096);
        var inner = Directory.CreateDirectory(Path.Combine(folder, "work")).FullName;
        var spec = new ProcessSpec
        {
            FileName = "/bin/sh",
            Arguments = ["-c", "test -w . && test -r /proc/self/status"],
            WorkingDirectory = inner,
            Environment = ChildEnvironment.Create(marker: null),
            OnLine = output.Add,
        };
        var view = new SandboxView
        {
            Folder = inner,
            Home = Directory.CreateDirectory(Path.Combine(folder, "home")).FullName,
            Temporary = Directory.CreateDirectory(Path.Combine(folder, "tmp")).FullName,
        };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TryTime);
        try
        {
            var exit = await ProcessGroup.RunAsync(sandbox.Enclose(spec, view), limit.Token);
            return (exit.Code == 0, output.LastLines(2, 300) is { Length: > 0 } said ? said : exit.ToString());
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (false, $"it did not end within {TryTime.TotalSeconds:0} s");
        }
    }
}
