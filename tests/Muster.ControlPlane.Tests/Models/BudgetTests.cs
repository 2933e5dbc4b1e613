using System.Net;
using Muster.Conformance.Models;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Models;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Models;

/// <summary>Budgets hold, however many race, because what a call may cost is taken before it is made (B7).</summary>
public sealed class BudgetTests
{
    [Fact, Trait("req", "B7")]
    public async Task A_hundred_agents_that_race_cannot_overspend_by_one_call()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        List<ClaimedTask> held = [];
        for (var i = 0; i < 100; i++) held.Add(await models.HoldAsync($"agent-{i}"));
        await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Fleet, LimitCalls = 37 });

        var answers = await Task.WhenAll(held.Select(h => models.AskAsync(h.Lease, ModelPlane.Say("me first"))));

        Assert.Equal(37, answers.Count(a => a.Status == HttpStatusCode.OK));
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.OK), a => Assert.Equal((HttpStatusCode.PaymentRequired, ProblemCodes.Budget), (a.Status, a.Code)));
        Assert.Equal(37, models.First.Journal.Calls.Count + models.Second.Journal.Calls.Count);
        Assert.Equal(37, Assert.Single((await models.Plane.GetAsync<Page<BudgetInfo>>(Routes.Budgets)).Items).Used.Calls);
    }

    [Fact, Trait("req", "B7")]
    public async Task Money_is_held_before_and_put_right_after()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        var letGo = new TaskCompletionSource();
        models.First.Fault = _ => ScriptedFault.HoldAt(0, letGo.Task);
        // 1,000 tokens of answer at 100 dollars a million are 0.1 dollar.
        await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Project, Subject = "FLT", LimitUsd = 0.15 });

        var asking = models.AskAsync(held.Lease, ModelPlane.Say("short", maxTokens: 1000, stream: true));
        await models.First.Journal.UntilAsync(j => j.Calls.Count == 1);
        var refused = await models.AskAsync(held.Lease, ModelPlane.Say("short", maxTokens: 1000));
        Assert.Equal((HttpStatusCode.PaymentRequired, ProblemCodes.Budget), (refused.Status, refused.Code));
        Assert.Contains("$0.15", refused.Error, StringComparison.Ordinal);
        letGo.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await asking).Status);
        models.First.Fault = _ => null;
        Assert.Equal(HttpStatusCode.OK, (await models.AskAsync(held.Lease, ModelPlane.Say("short", maxTokens: 1000))).Status);

        var used = Assert.Single((await models.Plane.GetAsync<Page<BudgetInfo>>(Routes.Budgets)).Items).Used;
        Assert.Equal((await models.LedgerAsync()).Sum(u => u.CostUsd!.Value), used.Usd, 9);
        Assert.Equal(0, used.HeldUsd);
    }

    [Fact, Trait("req", "B7")]
    public async Task What_a_program_used_of_an_account_of_its_own_counts_as_its_tasks_and_a_stale_lease_reports_nothing()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Project, Subject = "FLT", LimitTokens = 1000 });
        var used = new CreateModelUsage { Provider = "claude-code", Model = "opus", TokensIn = 700, TokensOut = 400, TokensCached = 50 };

        var info = await models.Plane.PostAsync<ModelUsageInfo>(Routes.ModelUsage, used, held.Lease);

        Assert.Equal((held.Task.Id, held.Assignment.Id, held.Task.ProjectId), (info.TaskId, info.AssignmentId, info.ProjectId));
        Assert.Equal((1150, 1), Assert.Single((await models.Plane.GetAsync<Page<BudgetInfo>>(Routes.Budgets)).Items).Used is var u ? (u.Tokens, u.Calls) : default);
        Assert.Equal(ProblemCodes.Budget, (await models.AskAsync(held.Lease, ModelPlane.Say("more"))).Code);
        await models.Plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, held.Assignment.Id), new ReleaseAssignment(), held.Lease);
        Assert.Equal(ProblemCodes.LeaseLost, (await models.Plane.RefusedAsync(HttpMethod.Post, Routes.ModelUsage, used, held.Lease)).Code);
        Assert.Equal(1150, Assert.Single((await models.Plane.GetAsync<Page<BudgetInfo>>(Routes.Budgets)).Items).Used.Tokens);
    }

    [Fact, Trait("req", "B11")]
    public async Task It_is_told_once_when_a_budget_is_used_to_a_half_four_fifths_and_all()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Agent, Subject = "ada", Period = BudgetPeriods.Day, LimitCalls = 10 });
        for (var i = 0; i < 11; i++) await models.AskAsync(held.Lease, ModelPlane.Say("again"));

        var told = (await models.Plane.GetAsync<Page<EventInfo>>(Routes.Events + "?types=" + EventTypes.BudgetReached)).Items;
        Assert.Equal([50, 80, 100], told.Select(e => e.Data!.Value.GetProperty("percent").GetInt32()).Order());
        Assert.Contains("The day's budget of agent ada", told[0].Text, StringComparison.Ordinal);
    }

    [Fact, Trait("req", "B7")]
    public async Task A_task_that_waits_for_a_budget_goes_on_when_it_is_raised()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        var budget = await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Task, Subject = "*", LimitCalls = 0 });
        Assert.Equal(ProblemCodes.Budget, (await models.AskAsync(held.Lease, ModelPlane.Say("please"))).Code);
        await models.Plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, held.Assignment.Id), new ReleaseAssignment { WaitFor = "budget" }, held.Lease);
        var waiting = await models.Plane.ReadTaskAsync(held.Task.Key);
        Assert.Equal(WaitingCodes.Budget, Assert.Single(waiting.WaitingOn).Code);
        // Tried again and again meanwhile, it would use up what little is left.
        Assert.Equal(TimeSpan.FromHours(24), waiting.NotBefore - waiting.UpdatedAt);

        await models.Plane.PatchAsync<BudgetInfo>(Routes.With(Routes.Budget, budget.Id), new UpdateBudget { LimitCalls = 5 });

        var again = Assert.Single(await models.Plane.ClaimAsync("ada"));
        Assert.Equal(HttpStatusCode.OK, (await models.AskAsync(again.Lease, ModelPlane.Say("please"))).Status);
    }

    [Fact, Trait("req", "B7")]
    public async Task What_was_used_in_the_period_before_a_budget_was_set_counts()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        Assert.Equal(HttpStatusCode.OK, (await models.AskAsync(held.Lease, ModelPlane.Say("before"))).Status);
        var cost = Assert.Single(await models.LedgerAsync());

        await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Agent, Subject = "*", Period = BudgetPeriods.Day, LimitCalls = 1 });
        await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Fleet, Period = BudgetPeriods.Ever, LimitUsd = 100 });

        Assert.Equal(ProblemCodes.Budget, (await models.AskAsync(held.Lease, ModelPlane.Say("after"))).Code);
        var fleet = (await models.Plane.GetAsync<Page<BudgetInfo>>(Routes.Budgets + "?scope=fleet")).Items.Single();
        Assert.Equal((cost.CostUsd, cost.TokensIn + cost.TokensOut, 1L), (fleet.Used.Usd, fleet.Used.Tokens, fleet.Used.Calls));
    }

    [Fact, Trait("req", "B7")]
    public async Task What_costs_nobody_knows_what_is_not_let_past_a_limit_of_money()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        Assert.Equal(HttpStatusCode.OK, (await models.AskAsync(held.Lease, ModelPlane.Say("free?", model: "nameless"))).Status);
        Assert.Null(Assert.Single(await models.LedgerAsync()).CostUsd);
        await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Fleet, LimitUsd = 1000 });

        var refused = await models.AskAsync(held.Lease, ModelPlane.Say("free?", model: "nameless"));

        Assert.Equal(ProblemCodes.Budget, refused.Code);
        Assert.Contains("prices.yaml", refused.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await models.Plane.GetAsync<CostReport>(Routes.ModelCost + "?by=model")).Total.Unpriced);
    }

    [Theory, Trait("req", "B7")]
    [InlineData("""{"scope":"fleet","subject":"x","limitUsd":1}""")]
    [InlineData("""{"scope":"project","limitUsd":1}""")]
    [InlineData("""{"scope":"fleet"}""")]
    [InlineData("""{"scope":"galaxy","limitUsd":1}""")]
    [InlineData("""{"scope":"fleet","period":"hour","limitUsd":1}""")]
    [InlineData("""{"scope":"fleet","limitUsd":-1}""")]
    [InlineData("""{"scope":"fleet","limitTokens":-1}""")]
    [InlineData("""{"scope":"fleet","limitTokens":9223372036854775807}""")]
    [InlineData("""{"scope":"fleet","limitCalls":1000000000000001}""")]
    public async Task A_budget_that_is_none_is_refused(string body)
    {
        await using var plane = await TestPlane.StartAsync();
        Assert.Equal(400, (await plane.RefusedAsync(HttpMethod.Post, Routes.Budgets, body)).Status);
        Assert.Empty((await plane.GetAsync<Page<BudgetInfo>>(Routes.Budgets)).Items);
    }
}
