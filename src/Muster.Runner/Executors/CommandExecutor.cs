using Muster.Contracts.Fleet;
using Muster.Runner.Processes;

namespace Muster.Runner.Executors;

/// <summary>
/// Runs any program on the task: the task as JSON on standard input and in the environment, the result as exit code
/// (0 ready, 75 handed back without blame, else failed) and, if the program likes, a JSON file.
/// </summary>
public sealed class CommandExecutor : IExecutor
{
    private const int TemporaryFailure = 75;

    /// <exception cref="ExecutorException">The definition names no program.</exception>
    public CommandExecutor(AgentDefinition definition)
    {
        if (definition.Command is not { Count: > 0 } command || string.IsNullOrWhiteSpace(command[0]))
            throw new ExecutorException("The executor 'command' needs a command: the program and its arguments, as a list.");
    }

    public string Name => Contracts.Fleet.Executors.Command;

    public async Task<ExecutionResult> RunAsync(Attempt attempt, CancellationToken cancellation)
    {
        var command = attempt.Definition.Command!;
        var resultPath = Path.Combine(attempt.Scratch, "result.json");
        var output = new BoundedOutput(64 * 1024);
        var spec = new ProcessSpec
        {
            FileName = command[0],
            Arguments = [.. command.Skip(1)],
            WorkingDirectory = attempt.Folder,
            Environment = CommandEnvironment.Create(attempt, resultPath),
            StdinText = CommandEnvironment.TaskJson(attempt),
            OnLine = line =>
            {
                output.Add(line);
                attempt.Log(line);
            },
        };
        var end = await AttemptProcess.RunAsync(attempt, () => spec, () => output.LastLines(3), cancellation);
        return end.Failure ?? await JudgeAsync(attempt, end.Exit!, output, resultPath, cancellation);
    }

    private static async Task<ExecutionResult> JudgeAsync(Attempt attempt, ProcessExit exit, BoundedOutput output, string resultPath, CancellationToken cancellation)
    {
        var (result, wrong) = CommandResult.Read(resultPath);
        if (result?.Progress is { } percent) await attempt.ReportProgressAsync(Math.Clamp(percent, 0, 100), cancellation);
        if (exit.Code == TemporaryFailure)
            return new ExecutionResult { Ending = Ending.Released, Reason = result?.Failure?.Reason ?? Said("The program asked for another try later") };
        if (result?.Failure is { } failure) return ExecutionResult.Failed(failure.Reason, failure.Retry);
        if (exit.Code != 0) return ExecutionResult.Failed(Said($"The program {exit}"));
        if (wrong is not null) return ExecutionResult.Failed(wrong);
        return new ExecutionResult
        {
            Ending = Ending.Ready,
            Summary = result?.Summary,
            SpentHours = result?.SpentHours,
            Evidence = result?.Evidence,
            Lesson = result?.Lesson,
        };

        string Said(string what)
        {
            var last = output.LastLines(5);
            return last.Length == 0 ? what + "." : $"{what}: {last}";
        }
    }
}
