using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Muster.Contracts;
using Muster.Contracts.Progress;
using Muster.Contracts.Work;
using Muster.ControlPlane.Progress;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tests.Progress;

/// <summary>What is done and old is counted once (C7): nobody may see a difference.</summary>
[Trait("req", "C7")]
public sealed class DoneCountsTests
{
    private static readonly JsonSerializerOptions Fields = new() { IncludeFields = true };

    [Fact]
    public async Task What_is_counted_reads_as_what_is_not()
    {
        await using var plane = await StartAsync();
        var before = await SeenAsync(plane);

        await CountAsync(plane);

        Assert.Equal(before, await SeenAsync(plane));
        Assert.Equal([3L, 2L], await plane.Store.ReadAsync(async c => (await c.QueryAsync<long>("SELECT SUM(tasks) FROM done_by_hour GROUP BY done_hour / 24 ORDER BY done_hour / 24")).AsList()));
        Assert.Empty(await plane.Store.ReadAsync(StoreCheck.RunAsync));
        // What is not two weeks old is not counted, and again counts nothing twice.
        await CountAsync(plane);
        Assert.Equal(5, await plane.Store.ReadAsync(c => c.QuerySingleAsync<long>("SELECT SUM(tasks) FROM done_by_hour")));
        Assert.Equal(before, await SeenAsync(plane));
    }

    [Fact]
    public async Task What_is_changed_or_deleted_afterwards_is_counted_anew()
    {
        await using var plane = await StartAsync();
        await using var other = await StartAsync();
        await CountAsync(plane);

        foreach (var here in (TestPlane[])[plane, other])
        {
            await here.PatchAsync<TaskInfo>(Routes.With(Routes.Task, "FLT-2"), new UpdateTask { EstimateHours = 40 });
            using var deleted = await here.RawAsync(HttpMethod.Delete, Routes.With(Routes.Task, "FLT-9"));
            Assert.True(deleted.IsSuccessStatusCode);
        }

        Assert.Equal(await SeenAsync(other), await SeenAsync(plane));
        Assert.Empty(await plane.Store.ReadAsync(StoreCheck.RunAsync));
        var summary = Assert.Single((await plane.GetAsync<ProgressSummary>(Routes.ProgressSummary)).Projects);
        Assert.Equal((5, 1 + 40 + 3.0), (summary.ByStatus[TaskState.Done], summary.HoursDone));
    }

    [Fact]
    public async Task A_project_takes_what_was_counted_of_it_with_it()
    {
        await using var plane = await StartAsync();
        await CountAsync(plane);
        await plane.PostAsync<TaskInfo>(Routes.With(Routes.TaskCancel, "FLT-6"));
        using var deleted = await plane.RawAsync(HttpMethod.Delete, Routes.With(Routes.Project, "FLT"));
        Assert.True(deleted.IsSuccessStatusCode, await deleted.Content.ReadAsStringAsync());
        Assert.All(await plane.GetAsync<IReadOnlyList<AgentProgress>>(Routes.ProgressAgents), agent => Assert.Equal((0, 0.0), (agent.Completed, agent.HoursDone)));
        Assert.Empty(await plane.Store.ReadAsync(StoreCheck.RunAsync));
    }

    /// <summary>As a program of the release before would leave it.</summary>
    [Fact]
    public async Task What_is_counted_wrong_is_noticed_and_put_right_within_a_week()
    {
        await using var plane = await StartAsync();
        await CountAsync(plane);
        var right = await CountedAsync(plane);
        await plane.Store.WriteAsync(tx => tx.Execute("UPDATE done_by_hour SET tasks = tasks + 7"), default);
        Assert.Equal("what is done and counted is counted right", Assert.Single(await plane.Store.ReadAsync(StoreCheck.RunAsync)).Rule);

        for (var hour = 0; hour < 168; hour++)
        {
            plane.Clock.Advance(TimeSpan.FromHours(1));
            await CountAsync(plane);
        }

        Assert.Empty(await plane.Store.ReadAsync(StoreCheck.RunAsync));
        Assert.Equal(right, await CountedAsync(plane));
    }

    [Fact]
    public async Task A_clock_that_was_years_ahead_for_a_moment_leaves_nothing_uncounted()
    {
        await using var plane = await StartAsync();
        await CountAsync(plane);
        var right = await CountedAsync(plane);

        plane.Clock.Advance(TimeSpan.FromDays(3650));
        await CountAsync(plane);
        Assert.NotEqual(right, await CountedAsync(plane));
        plane.Clock.Advance(TimeSpan.FromDays(-3650));
        await CountAsync(plane);

        Assert.Equal(right, await CountedAsync(plane));
        Assert.Equal(6, (await plane.GetAsync<ProgressSummary>(Routes.ProgressSummary)).Projects[0].ByStatus[TaskState.Done]);
        Assert.Empty(await plane.Store.ReadAsync(StoreCheck.RunAsync));
    }

    private static Task<string> CountedAsync(TestPlane plane) => plane.Store.ReadAsync(async c =>
        JsonSerializer.Serialize(await c.QueryAsync<(long, long, long)>("SELECT done_hour, tasks, minutes FROM done_by_hour ORDER BY done_hour, made_hour, worked"), Fields));

    private static Task CountAsync(TestPlane plane) => plane.Services.GetRequiredService<DoneCounter>().RunAsync(default);

    /// <summary>Tasks done 40, 30 and 3 days ago; one was done elsewhere, one given back at first; one is being worked on, two wait.</summary>
    private static async Task<TestPlane> StartAsync()
    {
        var plane = await TestPlane.StartAsync();
        // Noon, so that what happens within minutes is of one day.
        var now = plane.Clock.GetUtcNow();
        plane.Clock.Advance(TimeSpan.FromHours(36) - now.TimeOfDay);
        await plane.ProjectAsync(contract: "");
        for (var n = 1; n <= 8; n++) await plane.TaskAsync(new CreateTask { Project = "FLT", Title = $"task {n}", EstimateHours = n < 4 ? n : null });
        await plane.BeatAsync("a");
        await plane.BeatAsync("b");
        var held = await plane.ClaimAsync("a", max: 4);
        await plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, held[2].Assignment.Id), new ReleaseAssignment { Reason = "not mine" }, held[2].Lease);
        foreach (var done in (int[])[0, 1, 3]) await plane.CompleteAsync(held[done]);
        plane.Clock.Advance(TimeSpan.FromDays(10));
        var again = Assert.Single(await plane.ClaimAsync("b"));
        Assert.Equal("FLT-3", again.Task.Key);
        await plane.CompleteAsync(again);
        await DoneElsewhereAsync();
        plane.Clock.Advance(TimeSpan.FromDays(27));
        await plane.CompleteAsync(Assert.Single(await plane.ClaimAsync("b")));
        plane.Clock.Advance(TimeSpan.FromDays(3));
        Assert.Equal("FLT-6", Assert.Single(await plane.ClaimAsync("b")).Task.Key);
        return plane;

        Task DoneElsewhereAsync() => plane.Store.WriteAsync(tx => tx.Execute(
            """
            INSERT INTO tasks (id, project_id, number, title, priority, previous_status, status, percent_complete, contract, ready, created_at, updated_at, completed_at)
            SELECT '01999999-0000-7000-8000-000000000009', id, 9, 'done elsewhere', 3, 'new', 'done', 100, '', 0, @Now, @Now, @Now FROM projects;
            UPDATE projects SET next_task = 10
            """, new { tx.Now }), default);
    }

    /// <summary>Everything that is read from counts, without what is told of the moment.</summary>
    private static async Task<string> SeenAsync(TestPlane plane)
    {
        var summary = (await plane.GetAsync<ProgressSummary>(Routes.ProgressSummary)).Projects[0];
        var plan = await plane.GetAsync<ProjectProgress>(Routes.With(Routes.ProjectPlan, "FLT"));
        var burn = await plane.GetAsync<BurnUp>(Routes.With(Routes.ProgressBurnUp, "FLT"));
        var agents = (await plane.GetAsync<IReadOnlyList<AgentProgress>>(Routes.ProgressAgents)).Select(a => new { a.Agent, a.Completed, a.Failed, a.HoursDone, a.Utilisation });
        var statistics = await plane.GetAsync<Statistics>(Routes.Statistics);
        var metrics = (await plane.Http.GetStringAsync("/metrics")).Split('\n').Where(l => l.StartsWith("muster_tasks{", StringComparison.Ordinal));
        return JsonSerializer.Serialize(new
        {
            summary.Tasks,
            summary.ByStatus,
            summary.Ready,
            summary.Hours,
            summary.HoursDone,
            summary.Percent,
            summary.Velocity,
            Plan = (plan.Tasks, plan.HoursDone).ToString(),
            Burn = burn.Points.Select(p => $"{p.Tasks} {p.TasksDone} {p.Hours} {p.HoursDone}"),
            Forecast = burn.Forecast is not null,
            agents,
            statistics.TasksByStatus,
            Attempts = (statistics.Assignments, statistics.AssignmentsFailed).ToString(),
            metrics,
        });
    }
}
