using System.Text.Json;
using Muster.Conformance.Models;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>The built-in agent as a person has it: the real program, the plane's gateway, and a provider whose model is scripted.</summary>
public sealed class BuiltinAgentTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    [Trait("req", "B6")]
    public async Task A_sentence_becomes_merged_work_and_the_ledger_agrees_with_the_provider()
    {
        await using var model = await ScriptedModel.StartAsync(ScriptedScripts.Turns(
            new ScriptedTurn { Text = "I look first.", Calls = [ScriptedCall.Of("list", new { })] },
            ScriptedTurn.Call("write", new { path = "hello.txt", content = "hello\n" }),
            ScriptedTurn.Call("shell", new { command = "cat hello.txt" }),
            ScriptedTurn.Call("git", new { action = "commit", message = "Says hello" }),
            ScriptedTurn.Call("finish", new { summary = "There is a greeting.", unsure = new[] { "Its wording." } })));
        await using var stage = new Stage();
        var muster = await UpAsync(stage, model);
        var repository = await ProjectAsync(stage);
        await stage.DoAsync("agent", "add", "ada", "--executor", "builtin", "--model", "smart");
        await stage.DoAsync("task", "add", "Say hello", "--project", "BLT", "--contract", "commit + pr(merged)");

        await StateAsync(muster, "BLT-1", TaskState.Done);

        await HoldsAsync(repository, "hello.txt", "hello");
        var log = await muster.Client.GetTaskLogAsync("BLT-1");
        Assert.Contains("I look first.", log.Text, StringComparison.Ordinal);
        Assert.Contains("> shell", log.Text, StringComparison.Ordinal);
        Assert.Contains("Its wording.", (await muster.Client.ListAssignmentsAsync(task: "BLT-1")).Items.Single().Summary, StringComparison.Ordinal);
        var transcript = (await muster.Client.ListArtifactsAsync(task: "BLT-1")).Items.Single(artifact => artifact.Name == "transcript-BLT-1-1.jsonl");
        await using var content = await muster.Client.GetArtifactContentAsync(transcript.Id);
        using var reader = new StreamReader(content);
        var text = await reader.ReadToEndAsync();
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => JsonDocument.Parse(line).Dispose());
        Assert.DoesNotContain("mls_", text + log.Text, StringComparison.Ordinal);
        var usage = (await muster.Client.ListModelUsageAsync(limit: 200)).Items;
        Assert.Equal((model.Journal.Billed.In, model.Journal.Billed.Out), (usage.Sum(one => one.TokensIn), usage.Sum(one => one.TokensOut)));
    }

    [Fact]
    [Trait("req", "B5")]
    public async Task A_question_holds_the_task_until_it_is_answered_by_a_comment()
    {
        await using var model = await ScriptedModel.StartAsync(request => request.Text.Contains("Take the blue one", StringComparison.Ordinal)
            ? (request.Turn == 0 ? ScriptedTurn.Call("write", new { path = "colour.txt", content = "blue\n" }) : ScriptedTurn.Call("finish", new { summary = "It is blue." }))
            : ScriptedTurn.Call("ask", new { question = "Which colour?", choices = new[] { "red", "blue" } }));
        await using var stage = new Stage();
        var muster = await UpAsync(stage, model);
        var repository = await ProjectAsync(stage);
        await stage.DoAsync("agent", "add", "ada", "--executor", "builtin");
        await stage.DoAsync("task", "add", "Choose a colour", "--project", "BLT", "--contract", "commit + pr(merged)");
        await Until.HoldsAsync(async () =>
        {
            var task = await muster.Client.GetTaskAsync("BLT-1");
            return (task.WaitingOn.Any(reason => reason.Code == WaitingCodes.Approval), $"{task.Status}: {task.LastReason}");
        }, Patience);
        var calls = model.Journal.Calls.Count;
        Assert.Equal("question: Which colour?", (await muster.Client.GetTaskAsync("BLT-1")).LastReason);

        await stage.DoAsync("task", "comment", "BLT-1", "Take the blue one");

        await StateAsync(muster, "BLT-1", TaskState.Done);
        await HoldsAsync(repository, "colour.txt", "blue");
        Assert.True(model.Journal.Calls.Count > calls);
    }

    [Fact]
    [Trait("req", "B6")]
    public async Task An_agent_killed_in_the_middle_is_gone_on_with_where_it_stopped()
    {
        var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var model = await ScriptedModel.StartAsync(request => (request.Text.Contains("previous_attempt", StringComparison.Ordinal), request.Turn) switch
        {
            (false, 0) => ScriptedTurn.Call("write", new { path = "first.txt", content = "first\n" }),
            (false, 1) => ScriptedTurn.Call("git", new { action = "commit", message = "The first part" }),
            (true, 0) => ScriptedTurn.Call("shell", new { command = "cat first.txt && echo second > second.txt" }),
            _ => ScriptedTurn.Call("finish", new { summary = "Both parts." }),
        });
        // The third answer of the first attempt never comes: the agent waits for it when it is killed.
        model.Fault = request => request.Turn == 2 && !killed.Task.IsCompleted ? ScriptedFault.HoldAt(0, killed.Task) : null;
        await using var stage = new Stage();
        var muster = await UpAsync(stage, model);
        var repository = await ProjectAsync(stage);
        await stage.DoAsync("agent", "add", "ada", "--executor", "builtin");
        await stage.DoAsync("task", "add", "Two parts", "--project", "BLT", "--contract", "commit + pr(merged)");
        await model.Journal.UntilAsync(journal => journal.Calls.Any(call => call.Request!.Turn == 2));

        var agent = Leftovers.Find(stage.Path).First(one => one.Command.Contains("agent run", StringComparison.Ordinal));
        Signals.Send(agent.Pid, Signals.Kill);
        killed.SetResult();

        await StateAsync(muster, "BLT-1", TaskState.Done);
        await HoldsAsync(repository, "first.txt", "first");
        await HoldsAsync(repository, "second.txt", "second");
        Assert.Contains("half-done work of the attempt before", (await muster.Client.GetTaskLogAsync("BLT-1")).Text, StringComparison.Ordinal);
        Assert.Equal(1, model.Journal.Calls.Count(call => call.Request!.Turn == 0 && !call.Request.Text.Contains("previous_attempt", StringComparison.Ordinal)));
    }

    private static Task HoldsAsync(Repository repository, string path, string content) => Until.HoldsAsync(async () =>
    {
        var (_, output, error) = await repository.TryGitAsync(new Dictionary<string, string>(), "show", $"trunk:{path}");
        return (output == content, $"{path}: {output} {error}");
    }, Patience);

    private static async Task<RunningMuster> UpAsync(Stage stage, ScriptedModel model)
    {
        await model.ServeAsync(stage.Data);
        return await stage.UpAsync();
    }

    private static async Task<Repository> ProjectAsync(Stage stage)
    {
        var repository = await Repository.CreateAsync(stage["code"]);
        await stage.DoAsync("project", "add", repository.Path, "--key", "BLT", "--push-back", "true", "--lease", "10");
        return repository;
    }

    private static Task StateAsync(RunningMuster muster, string key, string state) => Until.HoldsAsync(async () =>
    {
        var task = await muster.Client.GetTaskAsync(key);
        Assert.False(task.Status is TaskState.Failed or TaskState.Quarantined, $"{task.Status}: {task.LastReason}");
        return (task.Status == state, $"{task.Status}: {task.LastReason} {string.Join(", ", task.WaitingOn.Select(reason => reason.Detail))}");
    }, Patience);
}
