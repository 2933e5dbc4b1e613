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
    [Fact]
    [Trait("req", "B6")]
    public async Task Seed_proposes_a_role_recorded_work_shows_that_it_is_better_and_a_person_lets_it_take_effect()
    {
        await using var model = await ScriptedModel.StartAsync(request => request.Text.Contains("Mend the role", StringComparison.Ordinal) ? Seed(request) : PoliteWork.Builder(request));
        await using var stage = new Stage();
        var muster = await PoliteWork.BeginAsync(stage, model, evaluate: 1);
        await stage.DoAsync("agent", "add", "sam", "--executor", "builtin", "--role", "seed");
        var target = await TargetAsync(muster);
        await stage.DoAsync("task", "add", "Mend the role", "--project", "BLT", "--role", "seed", "--contract", "");
        await PoliteWork.DoneAsync(muster, "BLT-2");

        // The policy has it evaluated over the last task; ada does both sides.
        EvaluationInfo? evaluation = null;
        await Until.HoldsAsync(async () =>
        {
            evaluation = (await muster.Client.ListEvaluationsAsync("FLEET!1")).Items is [{ } newest, ..] ? newest : null;
            return (evaluation?.State == EvaluationState.Done, System.Text.Json.JsonSerializer.Serialize(evaluation));
        }, PoliteWork.Patience);
        Assert.Equal(("policy", 0, 1), (evaluation!.CreatedBy, evaluation.Before.Passed, evaluation.After.Passed));
        Assert.Equal((TrialOutcomes.Failed, TrialOutcomes.Passed, "BLT-1"), (evaluation.Tasks[0].Before.Outcome, evaluation.Tasks[0].After.Outcome, evaluation.Tasks[0].Task));
        Assert.All(new[] { evaluation.Before, evaluation.After }, side => Assert.True(side is { Calls: > 1, Tokens: > 0, Checks: 1 }));
        Assert.Equal(target, await TargetAsync(muster));
        Assert.Contains("| BLT-1 | before | failed | 0/1 |", await stage.DoAsync("review", "show", "FLEET!1"), StringComparison.Ordinal);
        Assert.Contains("passed: 0 of 1 before, 1 after", await stage.DoAsync("evaluate", "FLEET!1", "--show"), StringComparison.Ordinal);

        Assert.DoesNotContain("Always be polite.", await stage.DoAsync("role", "show", "backend-engineer"), StringComparison.Ordinal);
        await stage.DoAsync("review", "approve", "FLEET!1");
        await Until.HoldsAsync(async () => (await muster.Client.GetRoleAsync("backend-engineer") is { Source: "own" } role && role.Instructions!.Contains("Always be polite.", StringComparison.Ordinal), "the role has not changed"), PoliteWork.Patience);
        await stage.DoAsync("task", "add", "Say it again", "--project", "BLT", "--role", "backend-engineer");
        await Until.HoldsAsync(async () => (Again(await muster.Client.ListTasksAsync(project: "BLT"))?.Status == TaskState.Done, "not done"), PoliteWork.Patience);
        Assert.Equal(1, Again(await muster.Client.ListTasksAsync(project: "BLT"))!.Attempts);
        // Told by whoever watches the roles, who may come by after the next task is done.
        await Until.HoldsAsync(async () => ((await muster.Client.ListEventsAsync(filter: new EventFilter { Types = [EventTypes.RoleChanged] })).Items.Any(one => one.Text.Contains("backend-engineer", StringComparison.Ordinal)), "the change is not told"), PoliteWork.Patience);
    }

    private static async Task<string> TargetAsync(RunningMuster muster) => (await muster.Client.ListBranchesAsync("BLT")).Single(branch => branch.Kind == "target").Sha;

    private static TaskInfo? Again(Muster.Contracts.Page<TaskInfo> tasks) => tasks.Items.FirstOrDefault(task => task.Title == "Say it again");

    private static ScriptedTurn Seed(ScriptedRequest request) => request.Turn switch
    {
        0 => ScriptedTurn.Call("show_role", new { name = "backend-engineer" }),
        1 => ScriptedTurn.Call("propose_role", new { name = "backend-engineer", text = PoliteWork.Better, why = "BLT-1 was red at first: the role does not say to be polite." }),
        _ => ScriptedTurn.Call("finish", new { summary = "Proposed." }),
    };
}
