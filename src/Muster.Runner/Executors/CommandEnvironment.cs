using System.Text.Json;
using Muster.Contracts;
using Muster.Runner.Git;
using Muster.Runner.Processes;

namespace Muster.Runner.Executors;

/// <summary>What a command executor's program is given. Its names are a contract with programs outside.</summary>
internal static class CommandEnvironment
{
    public static Dictionary<string, string> Create(Attempt attempt, string resultPath)
    {
        var environment = ChildEnvironment.Create(attempt.Marker, ChildEnvironment.Quiet);
        foreach (var (name, value) in Git(attempt)) environment[name] = value;
        foreach (var (name, value) in attempt.Definition.Environment ?? new Dictionary<string, string>(StringComparer.Ordinal)) environment[name] = value;
        foreach (var (name, value) in Task(attempt, resultPath)) environment[name] = Clean(value);
        environment["TMPDIR"] = attempt.Scratch;
        // Some ask this rather than the system where they are, and would work in the folder of whoever started us.
        environment["PWD"] = attempt.Folder;
        environment.Remove("OLDPWD");
        environment[ChildEnvironment.Marker] = attempt.Marker;
        return environment;
    }

    /// <summary>The task as the program reads it on standard input.</summary>
    public static string TaskJson(Attempt attempt) => JsonSerializer.Serialize(
        new { attempt.Task, attempt.Assignment, attempt.Previous, attempt.Git, attempt.Role, Attempt = attempt.Assignment.Epoch },
        Wire.Json) + "\n";

    private static IEnumerable<KeyValuePair<string, string>> Task(Attempt attempt, string resultPath)
    {
        yield return new("MUSTER_TASK", attempt.Task.Key);
        yield return new("MUSTER_TASK_TITLE", attempt.Task.Title);
        yield return new("MUSTER_TASK_DESCRIPTION", attempt.Task.Description ?? "");
        yield return new("MUSTER_ATTEMPT", $"{attempt.Assignment.Epoch}");
        yield return new("MUSTER_AGENT", attempt.Assignment.Agent);
        yield return new("MUSTER_ROLE", attempt.Role?.Name ?? "");
        yield return new("MUSTER_ASSIGNMENT", attempt.Assignment.Id);
        yield return new("MUSTER_BRANCH", attempt.Git?.Branch ?? "");
        yield return new("MUSTER_TARGET", attempt.Git?.TargetBranch ?? "");
        yield return new("MUSTER_PREVIOUS_OUTCOME", attempt.Previous?.Outcome ?? "");
        yield return new("MUSTER_PREVIOUS_REASON", attempt.Previous?.Reason ?? "");
        yield return new("MUSTER_PREVIOUS_HEAD", attempt.Previous?.HeadSha ?? "");
        yield return new("MUSTER_PREVIOUS_WIP", attempt.Previous?.WipSha ?? "");
        yield return new("MUSTER_RESULT", resultPath);
    }

    // The program may commit for itself: as this agent, without hooks of the repository, and never in a repository above.
    private static IEnumerable<KeyValuePair<string, string>> Git(Attempt attempt)
    {
        var email = $"{attempt.Assignment.Agent}@muster.invalid";
        yield return new("GIT_AUTHOR_NAME", attempt.Assignment.Agent);
        yield return new("GIT_AUTHOR_EMAIL", email);
        yield return new("GIT_COMMITTER_NAME", attempt.Assignment.Agent);
        yield return new("GIT_COMMITTER_EMAIL", email);
        yield return new("GIT_TERMINAL_PROMPT", "0");
        yield return new("GIT_CEILING_DIRECTORIES", Path.GetDirectoryName(attempt.Folder)!);
        foreach (var pair in GitProgram.AsEnvironment([("core.hooksPath", "/dev/null"), ("gc.auto", "0"), ("maintenance.auto", "false"), ("protocol.ext.allow", "never")]))
            yield return pair;
    }

    // The system takes no zero byte in an environment and about 128 KB in one variable; all of the text is on stdin.
    private static string Clean(string value)
    {
        var text = value.Replace("\0", "", StringComparison.Ordinal);
        return text.Length <= 30_000 ? text : text[..30_000];
    }
}
