using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Conversations.Running;

namespace Muster.ControlPlane.Tests.Conversations;

/// <summary>Nothing twice, nothing lost, nothing thought about while there is nothing to do (B5).</summary>
[Trait("req", "B5")]
public sealed class SteadyTests
{
    [Fact]
    public async Task The_same_message_says_nothing_twice()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say(Chief.Plan("FLT", Chief.Task(1)));
        var request = new SayRequest { Text = "Build it", Channel = "telegram", OutsideId = "chat-7", MessageId = "m-1" };
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => plane.PostAsync<SaidAnswer>(Routes.Conversations, request)));
        Assert.Single(answers.Select(a => (a.Conversation.Id, a.Turn.Id, a.Goal!.Key)).Distinct());
        var byKey = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => plane.PostAsync<SaidAnswer>(Routes.Conversations, new SayRequest { Text = "Another" }, key: "once")));
        Assert.Single(byKey.Select(a => a.Turn.Id).Distinct());
        Assert.Equal(2, (await plane.GetAsync<Page<GoalInfo>>(Routes.Goals)).Items.Count);
        Assert.Equal(ProblemCodes.IdempotencyMismatch, (await plane.RefusedAsync(HttpMethod.Post, Routes.Conversations, request with { Text = "Something else" })).Code);
        // The next message of the same chat goes on in it.
        await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
        var next = await plane.PostAsync<SaidAnswer>(Routes.Conversations, request with { Text = "yes", MessageId = "m-2" });
        Assert.Equal((answers[0].Conversation.Id, GoalState.Running), (next.Conversation.Id, next.Goal!.State));
    }

    [Fact]
    public async Task Approved_by_twenty_at_once_it_is_begun_once()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say(Chief.Plan("FLT", Chief.Task(1), Chief.Task(2, after: [1])));
        await plane.SayAsync("Build it");
        await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => plane.PostAsync<GoalInfo>(Routes.With(Routes.GoalApprove, "G-1"), new ApproveGoal { PlanVersion = 1 })));
        Assert.Equal(2, (await plane.GetAsync<Page<TaskInfo>>(Routes.Tasks)).Items.Count);
        var stale = await plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.GoalApprove, "G-1"), new ApproveGoal { PlanVersion = 7 });
        Assert.Equal(ProblemCodes.Conflict, stale.Code);
    }

    /// <summary>The last of its tasks cannot be made: none is, nor any epic, and the person hears why.</summary>
    [Fact]
    public async Task A_plan_is_begun_whole_or_not_at_all()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say(Chief.Answer(new GoalPlan
        {
            Goal = "It works",
            Project = new PlanProject { Key = "FLT" },
            Epics = [new PlannedEpic { Number = 1, Title = "All of it" }],
            Tasks = [Chief.Task(1) with { Epic = 1 }, Chief.Task(2, role: "qa-testing") with { Epic = 1 }],
            Risks = [],
            Questions = [],
        }));
        await plane.SayAsync("Build it");
        await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
        // As when the role's file was taken away after the plan was checked.
        await plane.Store.WriteAsync(tx => tx.Execute("UPDATE goals SET plan = REPLACE(plan, 'qa-testing', 'gone-away')"), TestContext.Current.CancellationToken);
        var refused = await plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.GoalApprove, "G-1"), new ApproveGoal());
        Assert.Equal(ProblemCodes.UnknownRole, refused.Code);
        Assert.Empty((await plane.GetAsync<Page<TaskInfo>>(Routes.Tasks)).Items);
        Assert.Empty((await plane.GetAsync<Page<EpicInfo>>(Routes.Epics)).Items);
        var goal = await plane.GoalAsync("G-1");
        Assert.Equal((GoalState.WaitingApproval, GoalWaits.Person), (goal.State, goal.Waiting));
        Assert.Contains("gone-away", goal.WaitingDetail!, StringComparison.Ordinal);
        await plane.Store.WriteAsync(tx => tx.Execute("UPDATE goals SET plan = REPLACE(plan, 'gone-away', 'qa-testing')"), TestContext.Current.CancellationToken);
        Assert.Equal(2, (await plane.PostAsync<GoalInfo>(Routes.With(Routes.GoalApprove, "G-1"), new ApproveGoal())).Tasks.Count);
    }

    [Fact]
    public async Task A_restart_in_any_state_loses_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("muster-test-").FullName;
        try
        {
            var model = new SpokenModel();
            var asked = new TaskCompletionSource();
            await using (var plane = await Chief.StartAsync(model, folder))
            {
                await plane.ProjectAsync("FLT", maxFailures: 1);
                // It goes down while it thinks.
                model.Say(async (_, ct) =>
                {
                    asked.TrySetResult();
                    await Task.Delay(Timeout.Infinite, ct);
                    return "";
                });
                await plane.SayAsync("Build it");
                await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            }

            model.Say(Chief.Plan("FLT", Chief.Task(1), Chief.Task(2, after: [1])));
            await using (var plane = await Chief.StartAsync(model, folder))
            {
                await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
                // Approved, and cut off before anything was made of it.
                await plane.Store.WriteAsync(tx => tx.Execute("UPDATE goals SET approved_version = plan_version"), TestContext.Current.CancellationToken);
            }

            await using (var plane = await Chief.StartAsync(model, folder))
            {
                await plane.UntilAsync("G-1", g => g.State == GoalState.Running);
                // A task fails, and nobody is there to hear it: as it would be read from the rows alone.
                await plane.BeatAsync("worker");
                model.Down = "gone";
                var claimed = Assert.Single(await plane.ClaimAsync("worker", waitSeconds: 20));
                await plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentFail, claimed.Assignment.Id), new FailAssignment { Reason = "red", Retry = false }, claimed.Lease);
                await plane.UntilAsync("G-1", g => g.Waiting == GoalWaits.ProviderDown);
            }

            model.Down = null;
            model.Say(Chief.Change("Again.", new { kind = "retry", task = 1, words = "Look at the data.", tasks = Array.Empty<object>() }));
            await using (var plane = await Chief.StartAsync(model, folder))
            {
                await plane.UntilAsync("G-1", g => g.Tasks[0].Status == TaskState.Pending && g.Waiting is null);
                await FirstWayTests.FinishAsync(plane, 2);
                await plane.UntilAsync("G-1", g => g.State == GoalState.Done);
            }

            Assert.Equal(3, model.Calls);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>An hour of fleet time with a goal that runs, one that waits for approval, one that waits for the person, and a storm of events that concern none of them.</summary>
    [Fact]
    public async Task Nothing_is_thought_about_while_there_is_nothing_to_do()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model, options: o => o.MaxCalls = 3);
        await plane.ProjectAsync("FLT");
        await plane.ProjectAsync("OTH");
        model.Say(question => question.Turns[0].Text.Contains("puzzle", StringComparison.Ordinal) ? "nonsense" : Chief.Plan("FLT", Chief.Task(1), Chief.Task(2, after: [1])));
        await plane.SayAsync("Run this", new SayRequest { Text = "", Approval = PlanApprovals.Auto });
        await plane.SayAsync("Plan this");
        await plane.SayAsync("puzzle");
        await plane.UntilAsync("G-1", g => g.State == GoalState.Running);
        await plane.UntilAsync("G-2", g => g.State == GoalState.WaitingApproval);
        await plane.UntilAsync("G-3", g => g.State == GoalState.Failed);
        await plane.BeatAsync("worker");
        var driver = plane.Services.GetRequiredService<ChiefDriver>();
        // The looks that the last events of the goals themselves asked for are over when one more of its own is.
        await SettledAsync(plane, driver);
        var (calls, looks) = (model.Calls, driver.Looks);

        for (var i = 0; i < 200; i++)
        {
            var task = await plane.TaskAsync($"Of nobody's goal {i}", "OTH");
            await plane.PostAsync<TaskInfo>(Routes.With(Routes.TaskCancel, task.Key), new Reason());
            await plane.PostAsync<TaskInfo>(Routes.With(Routes.TaskRetry, task.Key), new Reason());
            await plane.PostAsync<TaskInfo>(Routes.With(Routes.TaskCancel, task.Key), new Reason());
        }

        for (var minute = 0; minute < 60; minute++)
        {
            await plane.PassAsync(TimeSpan.FromMinutes(1));
            await plane.PostAsync<EventInfo>(Routes.Events, new CreateEvent { Type = "custom.tick", Text = "A minute has passed", Project = "FLT" });
        }

        Assert.Equal(calls, model.Calls);
        Assert.Equal(looks, driver.Looks);
        Assert.True((await plane.Store.ReadAsync(c => c.QueryFirstAsync<long>("SELECT COUNT(*) FROM events"), TestContext.Current.CancellationToken)) > 800);
    }

    // Looks come with events and end; one that is asked for and comes says that those before it have come.
    private static async Task SettledAsync(TestPlane plane, ChiefDriver driver)
    {
        for (var still = 0; still < 3;)
        {
            var before = driver.Looks;
            await plane.PostAsync<EventInfo>(Routes.Events, new CreateEvent { Type = "custom.still", Text = "Is it still?" });
            await plane.Store.WriteAsync(tx => tx.QueryFirst<int>("SELECT 1"), TestContext.Current.CancellationToken);
            still = before == driver.Looks && driver.Idle ? still + 1 : 0;
        }
    }
}
