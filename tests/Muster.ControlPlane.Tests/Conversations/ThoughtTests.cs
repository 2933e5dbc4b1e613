using System.Text;
using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.ControlPlane.Models;

namespace Muster.ControlPlane.Tests.Conversations;

/// <summary>A model that answers badly, without end, or not at all (B5).</summary>
[Trait("req", "B5")]
public sealed class ThoughtTests
{
    [Fact]
    public async Task What_does_not_hold_up_goes_back_with_its_faults_and_the_mended_plan_is_taken()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say("Sure! Here is my plan.", Chief.Plan("FLT", Chief.Task(1, after: [2], role: "wizard"), Chief.Task(2, after: [1])), Chief.Plan("FLT", Chief.Task(1)));
        await plane.SayAsync("Build it");
        var goal = await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
        Assert.Single(goal.Plan!.Tasks);
        var asked = model.Questions.ToArray();
        Assert.Equal(3, asked.Length);
        Assert.Contains("not JSON", asked[1].Turns[^1].Text, StringComparison.Ordinal);
        Assert.Contains("in a circle", asked[2].Turns[^1].Text, StringComparison.Ordinal);
        Assert.Contains("wizard", asked[2].Turns[^1].Text, StringComparison.Ordinal);
        Assert.All(asked, q => Assert.NotNull(q.Schema));
        Assert.All(asked, q => Assert.Equal("cos", q.Agent));
    }

    [Fact]
    public async Task After_two_corrections_the_person_is_told_plainly_and_may_say_it_again()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say(Chief.Plan("FLT", Chief.Task(1, role: "wizard")));
        var said = await plane.SayAsync("Build it");
        await plane.UntilAsync("G-1", g => g.State == GoalState.Failed);
        Assert.Equal(3, model.Calls);
        var last = (await plane.TurnsAsync(said.Conversation.Id))[^1];
        Assert.Contains("could not make a plan", last.Text, StringComparison.Ordinal);
        Assert.Contains("wizard", last.Text, StringComparison.Ordinal);
        Assert.Equal(GoalState.Failed, (await plane.MoreAsync(said, "yes")).Goal!.State);

        model.Say(Chief.Plan("FLT", Chief.Task(1)));
        await plane.MoreAsync(said, "Build it with what there is");
        await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
    }

    [Fact]
    public async Task An_answer_without_end_is_cut_off()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model, options: o => o.MaxAnswer = 1000);
        await plane.ProjectAsync("FLT");
        long told = 0;
        model.Say(async (question, ct) =>
        {
            // As a stream that nobody ends: only the caller can.
            while (!ct.IsCancellationRequested)
            {
                question.OnText!("more and more and more ");
                told += 23;
                await Task.Yield();
            }

            ct.ThrowIfCancellationRequested();
            return "";
        });
        await plane.SayAsync("Build it");
        await plane.UntilAsync("G-1", g => g.State == GoalState.Failed);
        Assert.InRange(told, 3000, 200_000);
        Assert.All(model.Questions.Skip(1), q => Assert.Contains("cut off at 1000", q.Turns[^1].Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_huge_answer_that_comes_at_once_is_refused_and_costs_no_huge_question()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say(Chief.Plan("FLT", [.. Enumerable.Range(1, 10_000).Select(n => Chief.Task(n))]));
        await plane.SayAsync("Build it");
        await plane.UntilAsync("G-1", g => g.State == GoalState.Failed);
        Assert.All(model.Questions, q => Assert.True(q.Turns.Sum(t => t.Text.Length) < 60_000, "What is sent stays bounded."));
        Assert.Empty((await plane.GetAsync<Page<TaskInfo>>(Routes.Tasks)).Items);
    }

    [Fact]
    public async Task Without_a_model_the_goal_is_kept_and_goes_on_by_itself()
    {
        var model = new SpokenModel { Down = "Every provider is down; the first is tried again in a minute." };
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say(Chief.Plan("FLT", Chief.Task(1)));
        var said = await plane.SayAsync("Build it");
        var waiting = await plane.UntilAsync("G-1", g => g.Waiting is not null);
        Assert.Equal((GoalState.Planning, GoalWaits.ProviderDown), (waiting.State, waiting.Waiting));
        Assert.Contains("Every provider is down", waiting.Report, StringComparison.Ordinal);
        model.Down = null;
        var planned = await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
        Assert.Null(planned.Waiting);
        Assert.Equal(1, model.Calls);
        // Said once, however often it was tried.
        Assert.Single(await plane.TurnsAsync(said.Conversation.Id), t => t.Text.Contains("Every provider is down", StringComparison.Ordinal));
    }

    /// <summary>A question that is refused for itself is not sent again and again.</summary>
    [Fact]
    public async Task A_question_that_the_model_refuses_is_brought_to_the_person()
    {
        var model = new SpokenModel { Refuses = "This model takes no schema." };
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say(Chief.Plan("FLT", Chief.Task(1)));
        var said = await plane.SayAsync("Build it");
        var goal = await plane.UntilAsync("G-1", g => g.Waiting == GoalWaits.Person);
        Assert.Contains("takes no schema", goal.WaitingDetail!, StringComparison.Ordinal);
        Assert.Equal(1, model.Calls);
        model.Refuses = null;
        await plane.MoreAsync(said, "now it does");
        await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
        Assert.Equal(2, model.Calls);
    }

    [Fact]
    public async Task With_nothing_set_up_it_says_what_to_do()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.SayAsync("Build it");
        var waiting = await plane.UntilAsync("G-1", g => g.Waiting is not null);
        Assert.Equal(GoalWaits.ModelsOff, waiting.Waiting);
        Assert.Contains("models.yaml", waiting.WaitingDetail!, StringComparison.Ordinal);
        Assert.NotNull(waiting.RetryAt);
    }

    [Fact]
    public async Task What_a_person_says_while_it_is_thought_about_is_thought_about()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        var asked = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        model.Say(async (question, _) =>
        {
            asked.TrySetResult();
            await go.Task;
            return Chief.Plan("FLT", Chief.Task(1, question.Turns[0].Text.Contains("blue", StringComparison.Ordinal) ? "Blue" : "Red"));
        });
        var said = await plane.SayAsync("Build it red");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await plane.MoreAsync(said, "rather blue");
        go.SetResult();
        var goal = await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
        Assert.Equal(("Blue", 1), (goal.Plan!.Tasks[0].Title, goal.PlanVersion));
    }

    [Fact]
    public async Task One_goal_may_ask_only_so_often()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model, options: o => o.MaxCalls = 2);
        await plane.ProjectAsync("FLT");
        model.Say("nonsense");
        var said = await plane.SayAsync("Build it");
        var goal = await plane.UntilAsync("G-1", g => g.Waiting == GoalWaits.Person);
        Assert.Equal((2, GoalState.Planning), (model.Calls, goal.State));
        Assert.Contains("asked a model 2 times", goal.WaitingDetail!, StringComparison.Ordinal);
        model.Say(Chief.Plan("FLT", Chief.Task(1)));
        await plane.MoreAsync(said, "go on, with one task");
        await plane.UntilAsync("G-1", g => g.State == GoalState.WaitingApproval);
    }

    [Fact]
    public async Task A_question_is_answered_without_a_plan_and_a_preference_is_kept_only_by_the_persons_word()
    {
        var model = new SpokenModel();
        await using var plane = await Chief.StartAsync(model);
        await plane.ProjectAsync("FLT");
        model.Say("""{"say":"There is one project, FLT.","plan":null,"preference":"prefers short answers"}""");
        var said = await plane.SayAsync("What projects are there? I like short answers.");
        await plane.UntilAsync("G-1", g => g.State == GoalState.Done);
        Assert.Contains(await plane.TurnsAsync(said.Conversation.Id), t => t.Text == "There is one project, FLT.");
        Assert.Equal("", (await plane.GetAsync<PreferencesInfo>(Routes.Preferences)).Text);
        var remembered = await plane.MoreAsync(said, "remember");
        Assert.Equal("I will remember that.", remembered.Answer!.Text);
        Assert.Contains("prefers short answers", (await plane.GetAsync<PreferencesInfo>(Routes.Preferences)).Text, StringComparison.Ordinal);
        Assert.Contains("prefers short answers", Encoding.UTF8.GetString(await File.ReadAllBytesAsync(Path.Combine(plane.Folder, "preferences.md"), TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        model.Say(Chief.Plan("FLT", Chief.Task(1)));
        await plane.SayAsync("Build it");
        await plane.UntilAsync("G-2", g => g.State == GoalState.WaitingApproval);
        Assert.Contains("prefers short answers", model.Questions.Last().Turns[0].Text, StringComparison.Ordinal);
    }
}
