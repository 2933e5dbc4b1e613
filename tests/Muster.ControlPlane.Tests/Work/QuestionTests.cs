using Dapper;
using Muster.Contracts;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Work;

/// <summary>An agent that asks a person hands its task back, and the task waits for the answer (B5).</summary>
[Trait("req", "B5")]
public sealed class QuestionTests
{
    [Fact]
    public async Task A_task_with_a_question_waits_until_a_person_comments()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var task = await plane.TaskAsync("one");
        await plane.BeatAsync("ada");
        var held = Assert.Single(await plane.ClaimAsync("ada"));
        await plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, held.Assignment.Id), new ReleaseAssignment { Reason = "question: Which colour?", WaitFor = WaitingCodes.Approval }, held.Lease);

        var waiting = Assert.Single((await plane.ReadTaskAsync(task.Key)).WaitingOn);
        Assert.Equal(WaitingCodes.Approval, waiting.Code);
        Assert.Contains("muster task comment", waiting.Detail, StringComparison.Ordinal);
        await plane.PassAsync(TimeSpan.FromHours(1));
        Assert.Empty(await plane.ClaimAsync("ada"));

        await plane.PostAsync<TaskUpdateInfo>(Routes.With(Routes.TaskUpdates, task.Key), new AddTaskUpdate { Text = "blue" });

        var again = Assert.Single(await plane.ClaimAsync("ada"));
        Assert.Equal("question: Which colour?", again.Previous!.Reason);
        Assert.Equal(0, again.Task.Failures);
    }

    [Fact]
    public async Task Without_an_answer_it_is_looked_at_again_after_a_day_and_a_comment_on_others_frees_nothing()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync("one");
        await plane.BeatAsync("ada");
        var held = Assert.Single(await plane.ClaimAsync("ada"));
        var other = await plane.TaskAsync("two", "FLT", held.Task.Key);
        await plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, held.Assignment.Id), new ReleaseAssignment { WaitFor = WaitingCodes.Approval, WaitSeconds = 5 }, held.Lease);

        await plane.PostAsync<TaskUpdateInfo>(Routes.With(Routes.TaskUpdates, other.Key), new AddTaskUpdate { Text = "hm" });
        await plane.PassAsync(TimeSpan.FromHours(23));
        Assert.Empty(await plane.ClaimAsync("ada"));
        await plane.PassAsync(TimeSpan.FromHours(2));
        Assert.Equal(held.Task.Key, Assert.Single(await plane.ClaimAsync("ada")).Task.Key);
    }

    [Fact]
    public async Task The_question_of_a_cancelled_task_is_nobodys_any_more()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var task = await plane.TaskAsync("one");
        await plane.BeatAsync("ada");
        var held = Assert.Single(await plane.ClaimAsync("ada"));
        await plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, held.Assignment.Id), new ReleaseAssignment { Reason = "question: Which colour?", WaitFor = WaitingCodes.Approval }, held.Lease);
        Assert.Equal(1, await AskedAsync());
        await plane.PostAsync<TaskInfo>(Routes.With(Routes.TaskCancel, task.Key), new { reason = "not needed" });
        Assert.Equal(0, await AskedAsync());
        await plane.PostAsync<TaskInfo>(Routes.With(Routes.TaskRetry, task.Key), new { });
        Assert.Equal(0, await AskedAsync());
        Assert.Single(await plane.ClaimAsync("ada"));

        Task<int> AskedAsync() => plane.Store.ReadAsync(c => c.QueryFirstAsync<int>("SELECT COUNT(*) FROM tasks WHERE hold_code IS NOT NULL"));
    }
}
