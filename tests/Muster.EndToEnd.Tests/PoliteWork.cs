using Muster.Conformance.Models;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>
/// Work that a better role does better: the scripted model does what its role tells it, and the check holds only for what is polite. The
/// role as it is comes to that on its second attempt.
/// </summary>
public static class PoliteWork
{
    /// <summary>The role <c>backend-engineer</c> as it should be.</summary>
    public const string Better = "---\nteam: production\nlabels: [backend]\n---\n\nYou build things. Always be polite.\n";

    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(3);

    /// <summary>What the model says to the agent <c>ada</c>: its role says how, or the check of the attempt before.</summary>
    public static ScriptedTurn Builder(ScriptedRequest request) => request.Turn switch
    {
        0 => ScriptedTurn.Call("write", new { path = "hello.txt", content = (request.Text.Contains("polite", StringComparison.Ordinal) || request.Text.Contains("failed at", StringComparison.Ordinal) ? "please " : "now ") + request.Number + "\n" }),
        _ => ScriptedTurn.Call("finish", new { summary = "Said." }),
    };

    /// <summary>Muster with the project BLT, <c>ada</c>, and BLT-1, done in two attempts under the role as it is.</summary>
    /// <param name="stage">Where it runs.</param>
    /// <param name="model">Who thinks.</param>
    /// <param name="evaluate">How many done tasks the policy has every proposal evaluated over.</param>
    public static async Task<RunningMuster> BeginAsync(Stage stage, ScriptedModel model, int evaluate)
    {
        await model.ServeAsync(stage.Data);
        await File.WriteAllTextAsync(Path.Combine(stage.Data, "config.json"), $$"""{ "fleet": { "evaluate": {{evaluate}} } }""");
        var muster = await stage.UpAsync();
        var repository = await Repository.CreateAsync(stage["code"]);
        await File.WriteAllTextAsync(Path.Combine(repository.Path, "check.sh"), "[ ! -f hello.txt ] || grep -q please hello.txt\n");
        await repository.GitAsync("commit", "-qam", "Be polite");
        await stage.DoAsync("project", "add", repository.Path, "--key", "BLT", "--push-back", "true", "--lease", "10");
        await stage.DoAsync("agent", "add", "ada", "--executor", "builtin", "--role", "backend-engineer");
        await stage.DoAsync("task", "add", "Say hello", "--project", "BLT", "--role", "backend-engineer");
        await DoneAsync(muster, "BLT-1");
        Assert.Equal(2, (await muster.Client.GetTaskAsync("BLT-1")).Attempts);
        return muster;
    }

    /// <summary>Waits until a task is done; one that can come to nothing fails the test at once.</summary>
    public static Task DoneAsync(RunningMuster muster, string key) => Until.HoldsAsync(async () =>
    {
        var task = await muster.Client.GetTaskAsync(key);
        Assert.False(task.Status is TaskState.Failed or TaskState.Quarantined, $"{task.Status}: {task.LastReason}");
        return (task.Status == TaskState.Done, $"{task.Status}: {task.LastReason} {string.Join(", ", task.WaitingOn.Select(reason => reason.Detail))}");
    }, Patience);
}
