using System.Text.RegularExpressions;
using Muster.Contracts.Work;
using Muster.Runner.Builtin.Transcripts;
using Muster.Runner.Executors;
using Muster.Runner.Processes;
using Muster.Runner.Profiles.Output;

namespace Muster.Runner.Profiles;

/// <summary>Has a coding program of others do the task, as its profile declares.</summary>
internal sealed partial class ProfileExecutor(Profile profile, TimeProvider time) : IExecutor
{
    private const int LongestLine = 4 * 1024 * 1024;
    private const int LongestSummary = 8_000;

    /// <summary>The route that is asked for when nobody names a model.</summary>
    private const string DefaultModel = "smart";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    public string Name => profile.Name;

    public async Task<ExecutionResult> RunAsync(Attempt attempt, CancellationToken cancellation)
    {
        var model = attempt.Model ?? DefaultModel;
        if (!ModelName().IsMatch(model)) return ExecutionResult.Failed($"'{model}' is not a model's name.", retry: false);
        var keys = ProfileEnvironment.OwnKeys(profile);
        if (profile.OwnKeys.Except(keys.Keys).ToList() is { Count: > 0 } missing)
            return ExecutionResult.Failed($"{profile.Title} needs {string.Join(", ", missing)}. {profile.Limits}", retry: false);

        await using var relay = await ModelRelay.StartAsync(attempt.Gateway, Patience, time);
        var progress = new ProgressSteps(attempt, cancellation);
        var report = new ProgramReport(attempt.Log, progress.Report, Redactor.ForProcess([relay.Access.Key, attempt.Gateway.Key, .. keys.Values]));
        var spec = await PrepareAsync(attempt, model, relay.Access, keys, report, cancellation);
        var end = await AttemptProcess.RunAsync(attempt, spec.Spec, () => report.Clean(spec.Said.LastLines(3)), cancellation, relay.Refused);
        await progress.DoneAsync();
        if (report.Tokens is { } tokens) attempt.Log($"{profile.Title} used {report.Tools} tools and counted {tokens.In} tokens in, {tokens.Cached} cached, {tokens.Out} out");
        return Judge(end, relay.Refusal, report, spec.Said);
    }

    private async Task<(ProcessSpec Spec, BoundedOutput Said)> PrepareAsync(Attempt attempt, string model, ModelAccess access, Dictionary<string, string> keys, ProgramReport report, CancellationToken cancellation)
    {
        var home = Directory.CreateDirectory(Path.Combine(attempt.Scratch, "home")).FullName;
        var prompt = await ProfilePrompt.WriteAsync(attempt, cancellation);
        var promptFile = Path.Combine(attempt.Scratch, "task.md");
        if (profile.Prompt == PromptBy.File) await File.WriteAllTextAsync(promptFile, prompt, cancellation);
        var values = new ProfileValues(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["MODEL"] = model,
            ["OPENAI"] = access.OpenAi.AbsoluteUri,
            ["ANTHROPIC"] = access.Anthropic.AbsoluteUri,
            ["KEY"] = access.Key,
            ["HOME"] = home,
            ["FOLDER"] = attempt.Folder,
            ["PROMPT_FILE"] = promptFile,
        });
        foreach (var (path, content) in profile.Files)
        {
            var file = Path.Combine(home, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, values.FillQuoted(content), cancellation);
        }

        var command = attempt.Definition.Command is { Count: > 0 } own ? own : [profile.Program];
        var output = profile.Output();
        var said = new BoundedOutput(64 * 1024);
        return (new ProcessSpec
        {
            FileName = command[0],
            Arguments = [.. profile.Arguments.Select(values.Fill), .. command.Skip(1)],
            WorkingDirectory = attempt.Folder,
            Environment = ProfileEnvironment.Create(attempt, home, profile.Environment.Select(pair => KeyValuePair.Create(pair.Key, values.Fill(pair.Value))).Concat(keys)),
            StdinText = profile.Prompt == PromptBy.StandardInput ? prompt : "",
            MaxLineLength = LongestLine,
            OnLine = line => output.Read(line, report),
            OnErrorLine = line =>
            {
                said.Add(line);
                report.Say(line);
            },
        }, said);
    }

    private ExecutionResult Judge(ProgramEnd end, ModelRefusal? refusal, ProgramReport report, BoundedOutput said)
    {
        if (end.Failure is { } failure) return failure.Reason?.StartsWith($"Program '{profile.Program}'", StringComparison.Ordinal) == true ? failure with { Reason = $"{failure.Reason} {profile.Title}: {profile.Install}" } : failure;
        // A program that came to its end in spite of a refusal has done its work.
        if (refusal is not null && end.Exit?.Code != 0)
        {
            return new ExecutionResult
            {
                Ending = Ending.Released,
                Reason = $"{refusal.Code}: {refusal.Message}",
                WaitFor = refusal.Code switch { WaitingCodes.Budget => WaitingCodes.Budget, "lease_lost" => null, _ => WaitingCodes.ProviderDown },
            };
        }

        var final = report.Final;
        if (end.Exit!.Code != 0 || report.Fault is not null && final is null)
            return ExecutionResult.Failed($"{profile.Title} {(end.Exit.Code == 0 ? "did not finish" : end.Exit)}: {report.Fault ?? final ?? report.Clean(said.LastLines(5))}".TrimEnd(':', ' '));
        if (final?.StartsWith(ProfilePrompt.Cannot, StringComparison.OrdinalIgnoreCase) == true) return ExecutionResult.Failed(final[ProfilePrompt.Cannot.Length..].Trim());
        return new ExecutionResult { Ending = Ending.Ready, Summary = final is { Length: > LongestSummary } ? final[..LongestSummary] : final };
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ModelName();
}

/// <summary>Reports progress in order, one at a time, from where nothing can be awaited.</summary>
internal sealed class ProgressSteps(Attempt attempt, CancellationToken cancellation)
{
    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;

    public void Report(int percent)
    {
        lock (_gate) _last = AfterAsync(_last, percent);
    }

    /// <summary>Completes when all of them are reported.</summary>
    public Task DoneAsync()
    {
        lock (_gate) return _last;
    }

    private async Task AfterAsync(Task before, int percent)
    {
        await before;
        if (!cancellation.IsCancellationRequested) await attempt.ReportProgressAsync(percent, cancellation);
    }
}
