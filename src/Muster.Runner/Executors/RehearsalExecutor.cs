using Muster.Contracts.Fleet;

namespace Muster.Runner.Executors;

/// <summary>Replays a recorded change set. Needs no model; whatever it does is labelled as rehearsal on the plane.</summary>
public sealed class RehearsalExecutor(Recording recording, TimeProvider time) : IExecutor
{
    public string Name => Contracts.Fleet.Executors.Rehearsal;

    /// <exception cref="ExecutorException">The definition names no recording, or it cannot be read.</exception>
    public static RehearsalExecutor Load(AgentDefinition definition, TimeProvider time)
    {
        if (string.IsNullOrWhiteSpace(definition.Recording))
            throw new ExecutorException("The executor 'rehearsal' needs a recording: the path of a file on the host.");
        try
        {
            return new RehearsalExecutor(RecordingParser.Parse(File.ReadAllText(definition.Recording)), time);
        }
        catch (RecordingException error)
        {
            throw new ExecutorException($"The recording {definition.Recording} cannot be used:\n{error.Message}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ExecutorException($"The recording {definition.Recording} cannot be read: {error.Message}");
        }
    }

    public async Task<ExecutionResult> RunAsync(Attempt attempt, CancellationToken cancellation)
    {
        var recorded = recording.Find(attempt.Task.Key, attempt.Task.IssueNumber, attempt.Task.Title, attempt.Assignment.Epoch);
        if (recorded is null) return ExecutionResult.Failed($"The recording has nothing for {attempt.Task.Key} \"{attempt.Task.Title}\". Add a task to it that matches.");
        attempt.Log($"rehearsal: replaying attempt {attempt.Assignment.Epoch} of {attempt.Task.Key}");
        try
        {
            foreach (var step in recorded.Steps) await ReplayAsync(step, attempt, cancellation);
        }
        catch (RecordingException error)
        {
            return ExecutionResult.Failed($"The recording does not fit the files: {error.Message}");
        }

        return recorded.Fail is { } reason ? ExecutionResult.Failed(reason) : new ExecutionResult { Ending = Ending.Ready, Summary = recorded.Summary };
    }

    private async Task ReplayAsync(Step step, Attempt attempt, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        switch (step)
        {
            case SayStep say:
                attempt.Log(say.Text);
                break;
            case WaitStep wait:
                await Task.Delay(wait.Time, time, cancellation);
                break;
            case WriteStep write:
                var file = InsidePath.Resolve(attempt.Folder, write.Path, write.Line);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllTextAsync(file, write.Content, cancellation);
                break;
            case ReplaceStep replace:
                await ReplaceAsync(replace, attempt.Folder, cancellation);
                break;
            case DeleteStep delete:
                File.Delete(Existing(attempt.Folder, delete.Path, delete.Line));
                break;
            case ProgressStep progress:
                await attempt.ReportProgressAsync(progress.Percent, cancellation);
                break;
            case CommitStep commit:
                if (await attempt.CommitAsync(commit.Message, cancellation)) attempt.Log($"committed: {commit.Message}");
                break;
        }
    }

    private static async Task ReplaceAsync(ReplaceStep step, string folder, CancellationToken cancellation)
    {
        var file = Existing(folder, step.Path, step.Line);
        var text = await File.ReadAllTextAsync(file, cancellation);
        var at = text.IndexOf(step.Old, StringComparison.Ordinal);
        if (at < 0) throw new RecordingException($"line {step.Line}: '{step.Path}' does not hold the text to replace.");
        await File.WriteAllTextAsync(file, string.Concat(text.AsSpan(0, at), step.New, text.AsSpan(at + step.Old.Length)), cancellation);
    }

    private static string Existing(string folder, string path, int line)
    {
        var file = InsidePath.Resolve(folder, path, line);
        return File.Exists(file) ? file : throw new RecordingException($"line {line}: there is no file '{path}'.");
    }
}
