using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Models;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Conversations;

/// <summary>From a sentence to a plan, from a plan to tasks, from tasks to a word that it is done (B5).</summary>
[Trait("req", "B5")]
public sealed class FirstWayTests
{
    [Fact]
    public async Task A_wish_becomes_a_plan_that_waits_and_then_tasks_and_then_a_report()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say(Chief.Plan("FLT", Chief.Task(1, "Write the test", role: "qa-testing") with { BudgetUsd = 2.5 }, Chief.Task(2, "Answer it", [1])));

        var said = await plane.SayAsync("Please add a health endpoint");
        Assert.Equal(("G-1", GoalState.Planning), (said.Goal!.Key, said.Goal.State));
        var planned = await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
        Assert.Equal((2, 1, "FLT"), (planned.Plan!.Tasks.Count, planned.PlanVersion, planned.Project));
        Assert.Empty((await plane.GetAsync<Page<TaskInfo>>(Routes.Tasks)).Items);
        Assert.Contains(planned.Notes, n => n.Contains("qa-testing", StringComparison.Ordinal));

        var running = await plane.PostAsync<GoalInfo>(Routes.With(Routes.GoalApprove, "G-1"), new ApproveGoal { PlanVersion = 1 });
        Assert.Equal(GoalState.Running, running.State);
        var again = await plane.PostAsync<GoalInfo>(Routes.With(Routes.GoalApprove, "G-1"), new ApproveGoal { PlanVersion = 1 });
        Assert.Equal(running.Tasks.Select(t => t.Key), again.Tasks.Select(t => t.Key));
        var tasks = (await plane.GetAsync<Page<TaskInfo>>(Routes.Tasks)).Items;
        Assert.Equal(["FLT-1", "FLT-2"], tasks.Select(t => t.Key));
        Assert.Equal(("FLT-1", "qa-testing"), (Assert.Single(tasks[1].DependsOn), tasks[0].Role));

        // What the plan gives a task is kept by the ledger, with the role's other limits.
        var budget = Assert.Single((await plane.GetAsync<Page<BudgetInfo>>(Routes.Budgets)).Items);
        Assert.Equal(("FLT-1", 2.5), (budget.Subject, budget.LimitUsd));
        Assert.True(budget.LimitTokens > 0);

        await FinishAsync(plane, 2);
        var done = await plane.UntilAsync("G-1", g => g.State == GoalState.Done);
        Assert.Contains("2 of 2 tasks done", done.Report, StringComparison.Ordinal);
        var turns = await plane.TurnsAsync(said.Conversation.Id);
        Assert.Equal("Please add a health endpoint", turns[0].Text);
        Assert.Equal((TurnAuthors.Chief, "G-1"), (turns[^1].Author, turns[^1].Goal));
        Assert.Contains("is done", turns[^1].Text, StringComparison.Ordinal);
        Assert.Equal(1, model.Calls);
    }

    [Fact]
    public async Task What_a_person_says_in_the_conversation_approves_changes_and_answers()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say(Chief.Plan("FLT", Chief.Task(1), Chief.Task(2, after: [1]), Chief.Task(3, after: [2])));
        var said = await plane.SayAsync("Build it");
        await plane.UntilAsync("G-1", g => g.PlanVersion == 1);

        var dropped = await plane.MoreAsync(said, "drop 2");
        Assert.Equal([1, 3], dropped.Goal!.Plan!.Tasks.Select(t => t.Number));
        Assert.Equal([1], dropped.Goal.Plan.Tasks[1].After);
        Assert.Equal(1, model.Calls);

        model.Say(Chief.Plan("FLT", Chief.Task(1, "Tests first"), Chief.Task(2, after: [1])));
        await plane.MoreAsync(said, "make the tests first");
        var changed = await plane.UntilAsync("G-1", g => g.PlanVersion == 3);
        Assert.Equal("Tests first", changed.Plan!.Tasks[0].Title);
        Assert.Contains("make the tests first", model.Questions.Last().Turns[0].Text, StringComparison.Ordinal);

        var begun = await plane.MoreAsync(said, "Yes!");
        Assert.Equal((GoalState.Running, 2), (begun.Goal!.State, begun.Goal.Tasks.Count));
        Assert.Equal(2, model.Calls);
    }

    [Fact]
    public async Task A_project_may_let_plans_begin_at_once()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        await plane.PatchAsync<ProjectInfo>(Routes.With(Routes.Project, "FLT"), new UpdateProject { Approval = PlanApprovals.Auto });
        model.Say(Chief.Plan("FLT", Chief.Task(1)));
        await plane.SayAsync("Build it");
        var goal = await plane.UntilAsync("G-1", g => g.State == GoalState.Running);
        Assert.Equal("FLT-1", Assert.Single(goal.Tasks).Key);
    }

    internal static async Task FinishAsync(TestPlane plane, int tasks)
    {
        await plane.BeatAsync("worker");
        for (var i = 0; i < tasks; i++)
        {
            var claimed = Assert.Single(await plane.ClaimAsync("worker", waitSeconds: 20));
            await plane.PostAsync<object>(Routes.Evidence, new Contracts.Delivery.CreateEvidence { Task = claimed.Task.Id, Kind = "research", Reference = "notes" }, claimed.Lease);
            await plane.CompleteAsync(claimed);
        }
    }
}
