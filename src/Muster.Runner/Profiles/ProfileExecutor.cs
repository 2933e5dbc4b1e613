using Muster.Contracts.Fleet;
using Muster.Runner.Builtin;
using Muster.Runner.Executors;
using Muster.Runner.Processes;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Profiles;

/// <summary>Has a coding program of others do the task, as its profile declares.</summary>
/// <param name="profile">The program.</param>
/// <param name="time">Clock of what is waited for.</param>
/// <param name="sources">Tools from outside.</param>
/// <param name="sandbox">Finds out what this host has.</param>
/// <param name="variable">Variables of the host's environment.</param>
internal sealed class ProfileExecutor(Profile profile, TimeProvider time, IReadOnlyList<IToolSource> sources, Func<CancellationToken, Task<CommandSandbox>> sandbox, Func<string, string?> variable) : IExecutor
{
    private const int LongestLine = 4 * 1024 * 1024;

    public string Name => profile.Name;

    public async Task<ExecutionResult> RunAsync(Attempt attempt, CancellationToken cancellation)
    {
        var fence = await sandbox(cancellation);
        if (Used(attempt.Definition) is not { } used) return NotSignedIn();
        if (ProfileRun.Impossible(attempt, used, fence) is { } impossible) return impossible;
        await using var run = await ProfileRun.StartAsync(attempt, used, fence, time, used.Tools is null ? [] : sources, cancellation);
        var told = run.TellOfTools();
        var command = attempt.Definition.Command is { Count: > 0 } own ? own : [profile.Program];
        var output = profile.Output();
        var said = new BoundedOutput(64 * 1024);
        var spec = new ProcessSpec
        {
            FileName = command[0],
            Arguments = [.. run.Arguments, .. told, .. command.Skip(1)],
            WorkingDirectory = attempt.Folder,
            Environment = run.Environment,
            StdinText = used.Prompt == PromptBy.StandardInput ? run.Prompt : "",
            MaxLineLength = LongestLine,
            OnLine = line => output.Read(line, run.Report),
            OnErrorLine = line =>
            {
                said.Add(line);
                run.Report.Say(line);
            },
        };
        var end = await AttemptProcess.RunAsync(attempt, () => run.Sandbox.Enclose(spec), () => run.Report.Clean(said.LastLines(3)), cancellation, run.Refused);
        await run.EndAsync(cancellation);
        return Judge(run, end, said);
    }

    // Null when it is to use an account and there is none.
    private Profile? Used(AgentDefinition definition) => !definition.OwnAccount ? profile : profile.Account is { } account ? profile.WithAccount(account, variable) : null;

    private ExecutionResult NotSignedIn() => ExecutionResult.Failed(
        $"{profile.Title} is to use the account of the host's user, who has never used {profile.Title}: sign in with `{profile.Program}` as that user, or add the agent without --own-account.", retry: false);

    private ExecutionResult Judge(ProfileRun run, ProgramEnd end, BoundedOutput said)
    {
        if (end.Failure is { } failure)
            return end.Missing ? failure with { Reason = $"{failure.Reason} {profile.Title}: {profile.Install}" } : failure;
        // A program that came to its end in spite of a refusal has done its work.
        if (end.Exit?.Code != 0 && run.Refusal() is { } refused) return refused;
        var report = run.Report;
        if (end.Exit!.Code == 0 && (report.Fault is null || report.Final is not null)) return run.Ready();
        return ExecutionResult.Failed($"{profile.Title} {(end.Exit.Code == 0 ? "did not finish" : end.Exit)}: {report.Fault ?? report.Final ?? report.Clean(said.LastLines(5))}".TrimEnd(':', ' '));
    }
}
