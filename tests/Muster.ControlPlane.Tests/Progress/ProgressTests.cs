using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Progress;
using Muster.Contracts.Work;
using Muster.ControlPlane.Progress;

namespace Muster.ControlPlane.Tests.Progress;

public sealed class ProgressTests
{
    private static readonly DateTimeOffset Now = new(2030, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    [Trait("req", "B5")]
    public async Task What_is_counted_as_waiting_for_a_person_is_what_today_shows()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync(contract: "");
        foreach (var title in (string[])["asks", "fails", "spends", "is done"]) await plane.TaskAsync(title);
        await plane.PostAsync<BudgetInfo>(Routes.Budgets, new CreateBudget { Scope = BudgetScopes.Task, Subject = "*", LimitCalls = 1 });
        await plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "h1", Cores = 2 });
        var ill = await plane.PostAsync<AgentInfo>(Routes.Agents, new CreateAgent { Name = "ill", Host = "h1", Definition = new AgentDefinition { Executor = Executors.Command, Command = ["true"] } });
        await plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "h1", Agents = [new AgentProcess { AgentId = ill.Id, State = "given_up", Restarts = 9, Deaths = 9, LastError = "exit code 3" }] });
        await plane.BeatAsync("well");
        var held = await plane.ClaimAsync("well", max: 4);
        await plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, held[0].Assignment.Id), new ReleaseAssignment { Reason = "Which way?", WaitFor = WaitingCodes.Approval }, held[0].Lease);
        await plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentFail, held[1].Assignment.Id), new FailAssignment { Reason = "It broke", Retry = false }, held[1].Lease);
        foreach (var of in held.Skip(2)) await plane.PostAsync<ModelUsageInfo>(Routes.ModelUsage, new CreateModelUsage { Provider = "p", Model = "m", TokensIn = 1, TokensOut = 1 }, of.Lease);
        await plane.CompleteAsync(held[3]);

        var today = await plane.GetAsync<TodayReport>(Routes.Today);
        var needs = today.Needs;
        Assert.Equal(needs.Count, await plane.GetAsync<NeedsCount>(Routes.ProgressNeeds));
        Assert.Equal(("FLT-1", "Which way?"), (Assert.Single(needs.Questions).Task.Key, needs.Questions[0].Text));
        Assert.Equal("FLT-2", Assert.Single(needs.Broken).Key);
        Assert.Equal("ill", Assert.Single(needs.Agents).Name);
        // The budget of the task that is done is used up as well, and nobody's business any more.
        Assert.Equal(100, Assert.Single(needs.Budgets).Used.Percent);
        Assert.Equal((1, 1, 1, 1, 4), (needs.Count.Questions, needs.Count.Broken, needs.Count.Agents, needs.Count.Budgets, needs.Count.Total));
        Assert.Equal(("FLT-3", "FLT-4"), (Assert.Single(today.Running).Key, Assert.Single(today.Done).Key));
        Assert.Equal((1, 1), (today.Crew["working"], today.Crew["offline"]));
        Assert.Empty((await plane.GetAsync<TodayReport>($"{Routes.Today}?since={Uri.EscapeDataString(plane.Clock.GetUtcNow().AddMinutes(1).ToString("O"))}")).Done);
    }

    [Fact]
    [Trait("req", "C7")]
    public async Task A_plan_burns_up_from_its_tasks_themselves()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync(contract: "");
        for (var n = 0; n < 4; n++) await plane.TaskAsync(new CreateTask { Project = "FLT", Title = $"task {n}", EstimateHours = 5 });
        Assert.Null((await plane.GetAsync<BurnUp>(Routes.With(Routes.ProgressBurnUp, "FLT"))).Forecast);
        await plane.BeatAsync("a");
        var held = Assert.Single(await plane.ClaimAsync("a"));
        plane.Clock.Advance(TimeSpan.FromSeconds(30));
        await plane.CompleteAsync(held);
        plane.Clock.Advance(TimeSpan.FromSeconds(30));

        var burn = await plane.GetAsync<BurnUp>(Routes.With(Routes.ProgressBurnUp, "FLT"));
        Assert.Equal((4, 0, 20.0, 0.0), (burn.Points[25].Tasks, burn.Points[25].TasksDone, burn.Points[25].Hours, burn.Points[25].HoursDone));
        Assert.Equal((4, 1, 20.0, 5.0), (burn.Points[^1].Tasks, burn.Points[^1].TasksDone, burn.Points[^1].Hours, burn.Points[^1].HoursDone));
        // A quarter took a minute; what was done in one part of ten says little about the rest.
        Assert.InRange(burn.Forecast!.Likely - plane.Clock.GetUtcNow(), TimeSpan.FromMinutes(2.9), TimeSpan.FromMinutes(5));
        Assert.True(burn.Forecast.Early < burn.Forecast.Likely && burn.Forecast.Likely < burn.Forecast.Late);
        Assert.Equal((1, 5.0), Assert.Single(await plane.GetAsync<IReadOnlyList<AgentProgress>>($"{Routes.ProgressAgents}?agent=a")) is var one ? (one.Completed, one.HoursDone) : default);
    }

    [Fact]
    public async Task What_would_take_longer_than_there_are_dates_is_told_as_a_century()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync(contract: "");
        await plane.TaskAsync(new CreateTask { Project = "FLT", Title = "a minute", EstimateHours = 1.0 / 60, Priority = 1 });
        await plane.TaskAsync(new CreateTask { Project = "FLT", Title = "for ever", EstimateHours = 100_000 });
        await plane.BeatAsync("a");
        var held = Assert.Single(await plane.ClaimAsync("a"));
        plane.Clock.Advance(TimeSpan.FromSeconds(30));
        await plane.CompleteAsync(held);
        plane.Clock.Advance(TimeSpan.FromDays(1));

        var project = Assert.Single((await plane.GetAsync<ProgressSummary>(Routes.ProgressSummary)).Projects);
        Assert.Equal(36_500, (project.Eta!.Value - plane.Clock.GetUtcNow()).TotalDays, 1);
        await plane.GetAsync<TodayReport>(Routes.Today);
    }

    [Fact]
    public void A_steady_crew_has_a_narrow_forecast_and_an_idle_one_has_none()
    {
        var steady = Forecasts.Of([2, 2, 2, 2], 8, TimeSpan.FromHours(1), Now)!;
        Assert.Equal((Now.AddHours(4), Now.AddHours(4), Now.AddHours(4)), (steady.Early, steady.Likely, steady.Late));
        var uneven = Forecasts.Of([0, 4, 0, 4], 8, TimeSpan.FromHours(1), Now)!;
        Assert.Equal(Now.AddHours(4), uneven.Likely);
        Assert.True(uneven.Early >= Now && uneven.Late > Now.AddHours(6), $"{uneven}");
        Assert.Null(Forecasts.Of([0, 0], 8, TimeSpan.FromHours(1), Now));
        Assert.Null(Forecasts.Of([1, 2], 0, TimeSpan.FromHours(1), Now));
    }
}
