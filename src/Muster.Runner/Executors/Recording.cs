namespace Muster.Runner.Executors;

/// <summary>A recorded change set: what a rehearsal agent replays instead of thinking.</summary>
public sealed record Recording(IReadOnlyList<RecordedTask> Tasks)
{
    /// <summary>The attempt to replay; the last one recorded repeats. Null when the recording does not know the task.</summary>
    public RecordedAttempt? Find(string key, string? issue, string title, int attempt)
    {
        var task = Tasks.FirstOrDefault(task => task.Match.Matches(key, issue, title));
        return task?.Attempts[Math.Clamp(attempt - 1, 0, task.Attempts.Count - 1)];
    }
}

/// <summary>Which task; all that is set must hold.</summary>
public sealed record TaskMatch(string? Key, string? Issue, string? Title)
{
    public bool Matches(string key, string? issue, string title) =>
        (Key is null || string.Equals(Key, key, StringComparison.OrdinalIgnoreCase))
        && (Issue is null || Issue == issue)
        && (Title is null || string.Equals(Title, title, StringComparison.OrdinalIgnoreCase));
}

public sealed record RecordedTask(TaskMatch Match, IReadOnlyList<RecordedAttempt> Attempts);

public sealed record RecordedAttempt(IReadOnlyList<Step> Steps, string? Summary, string? Fail);

/// <summary>One thing that is done again.</summary>
/// <param name="Line">Line in the recording, for its errors.</param>
public abstract record Step(int Line);

public sealed record SayStep(int Line, string Text) : Step(Line);

public sealed record WaitStep(int Line, TimeSpan Time) : Step(Line);

public sealed record WriteStep(int Line, string Path, string Content) : Step(Line);

public sealed record ReplaceStep(int Line, string Path, string Old, string New) : Step(Line);

public sealed record DeleteStep(int Line, string Path) : Step(Line);

public sealed record ProgressStep(int Line, int Percent) : Step(Line);

public sealed record CommitStep(int Line, string Message) : Step(Line);

/// <summary>The recording cannot be used, or does not fit the files. Names the line and what to do.</summary>
public sealed class RecordingException(string message) : Exception(message);
