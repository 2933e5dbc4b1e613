using Muster.Runner.Executors;
using Muster.Runner.Processes;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Builtin.Tools;

/// <summary>Runs commands in the sandbox. Whatever a command leaves running is ended with it.</summary>
internal sealed class ShellTool(Attempt attempt, AttemptFolder folder, CommandSandbox sandbox, Progression progression, TimeProvider time)
{
    private const int DefaultSeconds = 120;
    private const int MaxSeconds = 1800;
    private const int OutputLimit = 20_000;

    private int _count;

    public IEnumerable<AgentTool> Tools =>
    [
        AgentTool.Create("shell", "Runs a command with sh in the workspace and answers its output and exit code. Nothing stays running after it. Use it to build, test and inspect.",
            [
                new("command", "string", "What sh runs"),
                new("timeout", "integer", $"Seconds it may take, {DefaultSeconds} when left out, at most {MaxSeconds}", Required: false),
            ], RunAsync),
    ];

    private async Task<string> RunAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        var command = arguments.Text("command");
        if (string.IsNullOrWhiteSpace(command)) throw new ToolFailureException("The command is empty.");
        if (command.Contains('\0', StringComparison.Ordinal) || command.Length > 100_000) throw new ToolFailureException("The command is too long or holds a null character; write a file and run that.");
        var seconds = arguments.Number("timeout", DefaultSeconds, 1, MaxSeconds);
        var marker = $"{attempt.Marker}/shell-{++_count}";
        var output = new BoundedOutput(OutputLimit);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        string outcome;
        try
        {
            var exit = await ProcessGroup.RunAsync(sandbox.Enclose(Spec(command, marker, output), View()), either.Token);
            outcome = exit.ToString();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            outcome = $"took longer than {seconds} s and was ended";
        }
        catch (ProgramNotFoundException missing)
        {
            throw new ToolFailureException(missing.Message);
        }
        finally
        {
            // Also those that left the group.
            await MarkedProcesses.KillAsync(marker);
        }

        progression.Ran(command, outcome);
        var said = output.ToString();
        return said.Length == 0 ? $"The command {outcome}, without output." : $"{said}\nThe command {outcome}.";
    }

    private ProcessSpec Spec(string command, string marker, BoundedOutput output)
    {
        var environment = ChildEnvironment.Create(marker, [
            .. ChildEnvironment.Quiet,
            .. attempt.Definition.Environment ?? new Dictionary<string, string>(StringComparer.Ordinal),
            new("USER", "agent"),
            new("LOGNAME", "agent"),
            new("GIT_TERMINAL_PROMPT", "0"),
            new("GIT_OPTIONAL_LOCKS", "0"),
            new("GIT_CEILING_DIRECTORIES", Path.GetDirectoryName(folder.Root)!),
        ]);
        environment[ChildEnvironment.Marker] = marker;
        return new ProcessSpec
        {
            FileName = "/bin/sh",
            Arguments = ["-c", command],
            WorkingDirectory = folder.Root,
            Environment = environment,
            OnLine = output.Add,
            MaxLineLength = 4000,
        };
    }

    private SandboxView View() => new()
    {
        Folder = folder.Root,
        Home = Directory.CreateDirectory(Path.Combine(attempt.Scratch, "home")).FullName,
        Temporary = Directory.CreateDirectory(Path.Combine(attempt.Scratch, "tmp")).FullName,
        ReadOnly = [.. folder.Guarded, .. attempt.Definition.Sandbox?.ReadOnly ?? []],
        Network = attempt.Definition.Sandbox?.Network ?? false,
    };
}
