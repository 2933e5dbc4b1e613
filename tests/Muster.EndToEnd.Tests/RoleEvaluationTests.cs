using Muster.Client;
using Muster.Conformance.Models;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>
/// Seed changes a role as a person has it: the real program, agents that ask a model through the gateway, checks that a host runs. The
/// scripted model does what its role tells it, so a better role does better, and that is seen before a person approves it.
/// </summary>
public sealed class RoleEvaluationTests
{
    private const string Better = "---\nteam: production\nlabels: [backend]\n---\n\nYou build things. Always be polite.\n";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    [Trait("req", "B6")]
    public async Task Seed_proposes_a_role_recorded_work_shows_that_it_is_better_and_a_person_lets_it_take_effect()
    {
        await using var model = await ScriptedModel.StartAsync(request => request.Text.Contains("Mend the role", StringComparison.Ordinal) ? Seed(request) : Builder(request));
        await using var stage = new Stage();
        var muster = await UpAsync(stage, model);
        var repository = await Repository.CreateAsync(stage["code"]);
        await File.WriteAllTextAsync(Path.Combine(repository.Path, "check.sh"), "[ ! -f hello.txt ] || grep -q please hello.txt\n");
        await repository.GitAsync("commit", "-qam", "Be polite");
        await stage.DoAsync("project", "add", repository.Path, "--key", "BLT", "--push-back", "true", "--lease", "10");
        await stage.DoAsync("agent", "add", "ada", "--executor", "builtin", "--role", "backend-engineer");
        await stage.DoAsync("agent", "add", "sam", "--executor", "builtin", "--role", "seed");
        // Under the role as it is, it takes two attempts: the first one is red.
        await stage.DoAsync("task", "add", "Say hello", "--project", "BLT", "--role", "backend-engineer");
        await StateAsync(muster, "BLT-1", TaskState.Done);
        Assert.Equal(2, (await muster.Client.GetTaskAsync("BLT-1")).Attempts);
        var target = await TargetAsync(muster);
        await stage.DoAsync("task", "add", "Mend the role", "--project", "BLT", "--role", "seed", "--contract", "");
        await StateAsync(muster, "BLT-2", TaskState.Done);

        // The policy has it evaluated over the last task; ada does both sides.
        EvaluationInfo? evaluation = null;
        await Until.HoldsAsync(async () =>
        {
            evaluation = (await muster.Client.ListEvaluationsAsync("FLEET!1")).Items is [{ } newest, ..] ? newest : null;
            return (evaluation?.State == EvaluationState.Done, System.Text.Json.JsonSerializer.Serialize(evaluation));
        }, Patience);
        Assert.Equal(("policy", 0, 1), (evaluation!.CreatedBy, evaluation.Before.Passed, evaluation.After.Passed));
        Assert.Equal((TrialOutcomes.Failed, TrialOutcomes.Passed, "BLT-1"), (evaluation.Tasks[0].Before.Outcome, evaluation.Tasks[0].After.Outcome, evaluation.Tasks[0].Task));
        Assert.All(new[] { evaluation.Before, evaluation.After }, side => Assert.True(side is { Calls: > 1, Tokens: > 0, Checks: 1 }));
        Assert.Equal(target, await TargetAsync(muster));
        Assert.Contains("| BLT-1 | before | failed | 0/1 |", await stage.DoAsync("review", "show", "FLEET!1"), StringComparison.Ordinal);
        Assert.Contains("passed: 0 of 1 before, 1 after", await stage.DoAsync("evaluate", "FLEET!1", "--show"), StringComparison.Ordinal);

        Assert.DoesNotContain("Always be polite.", await stage.DoAsync("role", "show", "backend-engineer"), StringComparison.Ordinal);
        await stage.DoAsync("review", "approve", "FLEET!1");
        await Until.HoldsAsync(async () => (await muster.Client.GetRoleAsync("backend-engineer") is { Source: "own" } role && role.Instructions!.Contains("Always be polite.", StringComparison.Ordinal), "the role has not changed"), Patience);
        await stage.DoAsync("task", "add", "Say it again", "--project", "BLT", "--role", "backend-engineer");
        await Until.HoldsAsync(async () => (Again(await muster.Client.ListTasksAsync(project: "BLT"))?.Status == TaskState.Done, "not done"), Patience);
        Assert.Equal(1, Again(await muster.Client.ListTasksAsync(project: "BLT"))!.Attempts);
        Assert.Contains((await muster.Client.ListEventsAsync(filter: new EventFilter { Types = [EventTypes.RoleChanged] })).Items, one => one.Text.Contains("backend-engineer", StringComparison.Ordinal));
    }

    private static async Task<string> TargetAsync(RunningMuster muster) => (await muster.Client.ListBranchesAsync("BLT")).Single(branch => branch.Kind == "target").Sha;

    private static TaskInfo? Again(Muster.Contracts.Page<TaskInfo> tasks) => tasks.Items.FirstOrDefault(task => task.Title == "Say it again");

    private static ScriptedTurn Seed(ScriptedRequest request) => request.Turn switch
    {
        0 => ScriptedTurn.Call("show_role", new { name = "backend-engineer" }),
        1 => ScriptedTurn.Call("propose_role", new { name = "backend-engineer", text = Better, why = "BLT-1 was red at first: the role does not say to be polite." }),
        _ => ScriptedTurn.Call("finish", new { summary = "Proposed." }),
    };

    private static ScriptedTurn Builder(ScriptedRequest request) => request.Turn switch
    {
        // Its role says so, or the check of the attempt before.
        0 => ScriptedTurn.Call("write", new { path = "hello.txt", content = (request.Text.Contains("polite", StringComparison.Ordinal) || request.Text.Contains("failed at", StringComparison.Ordinal) ? "please " : "now ") + request.Number + "\n" }),
        _ => ScriptedTurn.Call("finish", new { summary = "Said." }),
    };

    private static async Task<RunningMuster> UpAsync(Stage stage, ScriptedModel model)
    {
        Directory.CreateDirectory(stage.Data);
        await File.WriteAllTextAsync(Path.Combine(stage.Data, "config.json"), """{ "fleet": { "evaluate": 1 } }""");
        await File.WriteAllTextAsync(Path.Combine(stage.Data, "models.yaml"),
            $$"""
            providers:
              scripted: { kind: openai, server: "{{model.Address}}v1" }
            routes:
              smart: [scripted/scripted-1]

            """);
        return await stage.UpAsync();
    }

    private static Task StateAsync(RunningMuster muster, string key, string state) => Until.HoldsAsync(async () =>
    {
        var task = await muster.Client.GetTaskAsync(key);
        Assert.False(task.Status is TaskState.Failed or TaskState.Quarantined, $"{task.Status}: {task.LastReason}");
        return (task.Status == state, $"{task.Status}: {task.LastReason} {string.Join(", ", task.WaitingOn.Select(reason => reason.Detail))}");
    }, Patience);
}
