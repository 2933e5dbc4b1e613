using System.Net;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Muster.Conformance.Models;
using Muster.Contracts;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Gateway;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Tests.Models;

/// <summary>The one way to a model: who may ask, what it costs, what is written down (B7, D5).</summary>
public sealed class GatewayTests
{
    [Fact, Trait("req", "B7")]
    public async Task A_lease_is_the_key_and_the_ledger_agrees_with_the_provider_to_the_token()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();

        for (var i = 0; i < 3; i++) Assert.Equal("It is done.", (await models.AskAsync(held.Lease, ModelPlane.Say($"question {i}"))).Said);
        Assert.Contains("It is done.", string.Concat((await models.AskAsync(held.Lease, ModelPlane.Say("streamed", stream: true))).Text.Split("\"content\":\"").Skip(1).Select(p => p.Split('"')[0])), StringComparison.Ordinal);

        var ledger = await models.LedgerAsync();
        Assert.Equal(4, ledger.Count);
        var billed = models.First.Journal.Billed;
        Assert.Equal((billed.In, billed.Out, billed.Cached), (ledger.Sum(u => u.TokensIn), ledger.Sum(u => u.TokensOut), ledger.Sum(u => u.TokensCached)));
        Assert.All(ledger, u =>
        {
            Assert.Equal(("first", "scripted-1", "smart", "ok", true), (u.Provider, u.Model, u.Route, u.Outcome, u.Counted));
            Assert.Equal((held.Task.Id, held.Assignment.Id, held.Assignment.AgentId), (u.TaskId, u.AssignmentId, u.AgentId));
            Assert.Equal((u.TokensIn * 10 + u.TokensOut * 100) / 1e6, u.CostUsd!.Value, 9);
        });
        // The provider sees its own key and never the lease.
        Assert.All(models.First.Journal.Calls, c => Assert.Equal(ScriptedJournal.Mask("key-of-the-provider"), c.Key));
        var cost = await models.Plane.GetAsync<CostReport>(Routes.ModelCost + "?by=task");
        Assert.Equal((held.Task.Key, 4L), (Assert.Single(cost.Rows).Name, cost.Total.Calls));
        Assert.Equal(ledger.Sum(u => u.CostUsd!.Value), cost.Total.Usd, 9);
    }

    [Theory, Trait("req", "B7")]
    [InlineData("/llm/openai/v1/chat/completions", """{"type":"function","function":{"name":"read","parameters":{"type":"object"}}}""", "read")]
    [InlineData("/llm/openai/v1/chat/completions", null, null)]
    [InlineData("/llm/openai/v1/responses", """{"type":"function","name":"read","parameters":{"type":"object"}}""", "read")]
    [InlineData("/llm/anthropic/v1/messages", """{"name":"read","input_schema":{"type":"object"}}""", "read")]
    public async Task A_providers_own_tools_of_the_web_are_taken_out(string path, string? ours, string? left)
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        var body = ModelPlane.Say("look it up");
        if (path.EndsWith("responses", StringComparison.Ordinal)) body = new JsonObject { ["model"] = "smart", ["input"] = "look it up" };
        body["tools"] = new JsonArray(JsonNode.Parse("""{"type":"web_search_20250305","name":"web_search"}"""), JsonNode.Parse("""{"type":"web_search"}"""), JsonNode.Parse("""{"type":"web_fetch_20250910","name":"web_fetch"}"""));
        if (ours is not null) body["tools"]!.AsArray().Add(JsonNode.Parse(ours));
        body["web_search_options"] = new JsonObject();
        body["plugins"] = new JsonArray(JsonNode.Parse("""{"id":"web"}"""));

        Assert.Equal(HttpStatusCode.OK, (await models.SendAsync(held.Lease, path, body)).Status);

        var asked = Assert.Single(models.First.Journal.Calls).Request!;
        Assert.Equal(left is null ? [] : [left], asked.Tools.Select(t => t.Name));
        Assert.DoesNotContain("web", asked.Body.ToJsonString(), StringComparison.Ordinal);
    }

    /// <summary>Agents that wait for work, tasks that wait for their time and for each other: nobody asks a model, not even for its list.</summary>
    [Fact, Trait("req", "B7")]
    public async Task Nothing_is_asked_of_any_provider_in_an_hour_in_which_there_is_nothing_to_do()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var tomorrow = await models.Plane.TaskAsync(new CreateTask { Project = "FLT", Title = "Waits for tomorrow", NotBefore = DateTimeOffset.UtcNow.AddDays(1) });
        await models.Plane.TaskAsync("Waits for the other", dependsOn: tomorrow.Key);
        for (var minute = 0; minute < 60; minute++)
        {
            for (var agent = 0; agent < 5; agent++) await models.Plane.BeatAsync($"agent-{agent}");
            Assert.Empty(await models.Plane.ClaimAsync("agent-0"));
            await models.Plane.PassAsync(TimeSpan.FromMinutes(1));
        }

        Assert.Empty(models.First.Journal.Entries);
        Assert.Empty(models.Second.Journal.Entries);
        Assert.Empty(await models.LedgerAsync());
    }

    [Theory, Trait("req", "B7")]
    [InlineData("mls_nonsense")]
    [InlineData("")]
    [InlineData("sk-proj-somebody-elses")]
    public async Task Nobody_asks_without_a_lease_or_a_token(string key)
    {
        await using var models = await ModelPlane.StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await models.AskAsync(key, ModelPlane.Say("hello"))).Status);
        Assert.Empty(models.First.Journal.Entries);
    }

    [Fact, Trait("req", "B7")]
    public async Task A_zombie_spends_nothing()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        await models.Plane.PassAsync(TimeSpan.FromMinutes(5));

        var refused = await models.AskAsync(held.Lease, ModelPlane.Say("am I still here?"));

        Assert.Equal((HttpStatusCode.Unauthorized, ProblemCodes.LeaseLost), (refused.Status, refused.Code));
        Assert.Empty(models.First.Journal.Entries);
        Assert.Empty(await models.LedgerAsync());
    }

    [Fact, Trait("req", "B7")]
    public async Task A_call_under_way_ends_with_its_lease()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        models.First.Script = _ => ScriptedTurn.Say("on and on") with { Endless = true };

        var asking = models.AskAsync(held.Lease, ModelPlane.Say("go on", stream: true));
        await models.First.Journal.UntilAsync(j => j.Calls.Count == 1);
        await models.Plane.PostAsync<TaskInfo>(Routes.With(Routes.TaskCancel, held.Task.Key), new { reason = "enough" });

        await models.First.Journal.UntilAsync(j => j.Calls[0].Outcome == "gone");
        await Assert.ThrowsAnyAsync<Exception>(() => EndAsync(asking));
        Assert.Contains((await UntilRecordedAsync(models, 1))[0].Outcome, (string[])["cancelled", "cut"]);
    }

    [Fact, Trait("req", "B7")]
    public async Task Who_goes_away_before_the_first_word_has_paid_for_the_question()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        var budget = await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Fleet, LimitTokens = 100_000 });
        models.First.Fault = _ => ScriptedFault.Silence;

        var asking = models.AskAsync(held.Lease, ModelPlane.Say(new string('q', 4000)));
        await models.First.Journal.UntilAsync(j => j.Entries.Count == 1);
        await models.Plane.PostAsync<TaskInfo>(Routes.With(Routes.TaskCancel, held.Task.Key), new { reason = "enough" });
        await Record.ExceptionAsync(() => asking);

        var made = Assert.Single(await UntilRecordedAsync(models, 1));
        Assert.Equal(("cancelled", false), (made.Outcome, made.Counted));
        Assert.InRange(made.TokensIn, 1000, 1200);
        Assert.Equal(made.TokensIn, (await models.Plane.GetAsync<BudgetInfo>(Routes.With(Routes.Budget, budget.Id))).Used.Tokens);
    }

    [Theory, Trait("req", "B7")]
    [InlineData("/llm/openai/v1/chat/completions", """{"n":4,"max_tokens":1000}""", 402)]
    [InlineData("/llm/openai/v1/chat/completions", """{"n":64,"max_tokens":10}""", 400)]
    [InlineData("/llm/openai/v1/responses", """{"previous_response_id":"resp_1"}""", 400)]
    [InlineData("/llm/openai/v1/responses", """{"conversation":"conv_1"}""", 400)]
    public async Task What_costs_more_than_it_shows_is_held_in_full_or_refused(string path, string more, int status)
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Fleet, LimitTokens = 3000 });
        var body = ModelPlane.Say("hi");
        if (path.EndsWith("responses", StringComparison.Ordinal)) body = new JsonObject { ["model"] = "smart", ["input"] = "hi", ["max_output_tokens"] = 10 };
        foreach (var (name, value) in JsonNode.Parse(more)!.AsObject()) body[name] = value!.DeepClone();
        Assert.Equal(status, (int)(await models.SendAsync(held.Lease, path, body)).Status);
        Assert.Empty(models.First.Journal.Entries);
    }

    [Fact]
    public void A_long_text_without_blanks_counts_as_a_text_and_an_image_as_an_image()
    {
        var compact = "[" + string.Join(",", Enumerable.Range(0, 50_000).Select(i => $"{{\"a\":{i}}}")) + "]";
        Assert.True(TokenEstimate.Of(new JsonObject { ["content"] = compact }) >= compact.Length / 4);
        Assert.True(TokenEstimate.Of(new JsonObject { ["data"] = new string('A', 40_000) }) >= 10_000);
        Assert.InRange(TokenEstimate.Of(new JsonObject { ["source"] = new JsonObject { ["type"] = "base64", ["media_type"] = "image/png", ["data"] = new string('A', 40_000) } }), 1000, 1100);
        Assert.InRange(TokenEstimate.Of(new JsonObject { ["image_url"] = "data:image/png;base64," + new string('A', 40_000) }), 1000, 1100);
    }

    [Fact, Trait("req", "D5")]
    public async Task When_the_first_provider_fails_the_second_answers_and_both_stand_in_the_ledger()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        models.First.Down = true;

        Assert.Equal("It is done.", (await models.AskAsync(held.Lease, ModelPlane.Say("who is there?"))).Said);

        var ledger = await models.LedgerAsync();
        Assert.Contains(ledger, u => u is { Provider: "second", Outcome: "ok" });
        Assert.Contains(ledger, u => u is { Provider: "first", Outcome: not "ok", TokensIn: 0 });
        Assert.False((await models.Plane.GetAsync<ModelsInfo>(Routes.Models)).Off);
    }

    [Fact, Trait("req", "D5")]
    public async Task A_provider_that_dies_amid_fifty_agents_keeps_none_of_them_from_finishing()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        List<ClaimedTask> held = [];
        for (var i = 0; i < 50; i++) held.Add(await models.HoldAsync($"agent-{i}"));
        const int each = 4;

        var working = held.Select(h => WorkAsync(models, h, each)).ToList();
        await models.First.Journal.UntilAsync(j => j.Calls.Count(c => c.Outcome == "answered") >= 40);
        models.First.Down = true;
        await Task.WhenAll(working);

        var ledger = await AllAsync(models);
        var answered = ledger.Where(u => u.Outcome == "ok").ToList();
        Assert.Equal(50 * each, answered.Count);
        Assert.All(answered.GroupBy(u => u.TaskId, StringComparer.Ordinal), g => Assert.Equal(each, g.Count()));
        Assert.Contains(answered, u => u.Provider == "second");
        // To the token, what each provider says that it sold in answers that it finished.
        foreach (var (name, provider) in new[] { ("first", models.First), ("second", models.Second) })
        {
            var sold = provider.Journal.Calls.Where(c => c.Outcome == "answered").ToList();
            var ours = answered.Where(u => u.Provider == name).ToList();
            Assert.Equal((sold.Sum(c => c.Billed.In), sold.Sum(c => c.Billed.Out)), (ours.Sum(u => u.TokensIn), ours.Sum(u => u.TokensOut)));
        }

        // Each attempt is still its first: nobody began anew.
        Assert.All(held, h => Assert.Equal(1, h.Assignment.Epoch));
    }

    private static async Task WorkAsync(ModelPlane models, ClaimedTask held, int calls)
    {
        for (var done = 0; done < calls;)
        {
            try
            {
                if ((await models.AskAsync(held.Lease, ModelPlane.Say($"step {done} of {held.Task.Key}"))).Status == HttpStatusCode.OK) done++;
            }
            catch (HttpRequestException)
            {
                // Cut in the middle: the agent's program asks again, with what it has.
            }
        }
    }

    private static async Task<IReadOnlyList<ModelUsageInfo>> AllAsync(ModelPlane models)
    {
        List<ModelUsageInfo> all = [];
        for (string? cursor = null; ;)
        {
            var page = await models.Plane.GetAsync<Page<ModelUsageInfo>>($"{Routes.ModelUsage}?limit=200{(cursor is null ? "" : "&cursor=" + cursor)}");
            all.AddRange(page.Items);
            if (page.Next is null) return all;
            cursor = page.Next;
        }
    }

    [Fact, Trait("req", "D5")]
    public async Task With_every_provider_down_the_task_waits_and_says_for_what()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        models.First.Fault = models.Second.Fault = _ => ScriptedFault.Quota;

        var refused = await models.AskAsync(held.Lease, ModelPlane.Say("anybody?"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, ProblemCodes.ProviderDown), (refused.Status, refused.Code));

        await models.Plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, held.Assignment.Id), new ReleaseAssignment { Reason = "provider_down", WaitFor = "provider_down", WaitSeconds = 600 }, held.Lease);
        var task = await models.Plane.ReadTaskAsync(held.Task.Key);
        Assert.Equal(TaskState.Pending, task.Status);
        Assert.Equal(WaitingCodes.ProviderDown, Assert.Single(task.WaitingOn).Code);
        Assert.Empty(await models.Plane.ClaimAsync("ada"));

        // The time that it waits at the most is over.
        models.Plane.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(held.Task.Key, Assert.Single(await models.Plane.ClaimAsync("ada", waitSeconds: 20)).Task.Key);
    }

    [Fact, Trait("req", "B7")]
    public async Task Off_is_off_for_all_and_for_what_is_under_way()
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        models.First.Script = _ => ScriptedTurn.Say("on and on") with { Endless = true };
        var asking = models.AskAsync(held.Lease, ModelPlane.Say("go on", stream: true));
        await models.First.Journal.UntilAsync(j => j.Calls.Count == 1);

        Assert.True((await models.Plane.PostAsync<ModelsInfo>(Routes.ModelSwitch, new SwitchModels { Off = true, Reason = "too dear" })).Off);

        await Assert.ThrowsAnyAsync<Exception>(() => EndAsync(asking));
        var refused = await models.AskAsync(held.Lease, ModelPlane.Say("and now?"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, ProblemCodes.ModelsOff), (refused.Status, refused.Code));
        Assert.Contains("too dear", refused.Error, StringComparison.Ordinal);
        await models.Plane.PostAsync<ModelsInfo>(Routes.ModelSwitch, new SwitchModels { Off = false });
        models.First.Script = _ => ScriptedTurn.Say("Here again.");
        Assert.Equal("Here again.", (await models.AskAsync(held.Lease, ModelPlane.Say("and now?"))).Said);
    }

    [Theory, Trait("req", "B7")]
    [InlineData("/llm/openai/v1/chat/completions", """{"model":"no-such-model","messages":[]}""")]
    [InlineData("/llm/openai/v1/responses", """{"input":"x"}""")]
    [InlineData("/llm/anthropic/v1/messages", """{"model":""}""")]
    public async Task What_leads_nowhere_is_refused_in_the_callers_own_words(string path, string body)
    {
        await using var models = await ModelPlane.StartAsync();
        var refused = await models.SendAsync(models.Plane.OwnerToken, path, JsonNode.Parse(body)!.AsObject());
        Assert.Equal((HttpStatusCode.BadRequest, ProblemCodes.Invalid), (refused.Status, refused.Code));
        Assert.NotEmpty(refused.Error);
        Assert.Empty(models.First.Journal.Entries);
    }

    [Fact, Trait("req", "B7")]
    public async Task A_call_whose_plane_died_counts_as_the_most_it_may_have_cost()
    {
        var folder = Directory.CreateTempSubdirectory("muster-models-").FullName;
        await using (var models = await ModelPlane.StartAsync(folder))
        {
            await models.Plane.ProjectAsync();
            await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Fleet, LimitUsd = 10 });
            // As a plane leaves it that was killed during a call.
            await models.Plane.Store.WriteAsync(tx =>
            {
                var budget = tx.QueryFirst<string>("SELECT id FROM budgets");
                tx.ExecuteOne("INSERT INTO budget_use (budget_id, subject, period_start, held_nanos, held_tokens, held_calls) VALUES (@budget, '', 0, 2000000000, 1000, 1)", new { budget });
                tx.ExecuteOne("INSERT INTO model_calls (id, plane_id, route, nanos, tokens, holds, at) VALUES ('c1', 'gone', 'smart', 2000000000, 1000, @holds, 1)", new { holds = $$"""[{"budgetId":"{{budget}}","subject":"","periodStart":0}]""" });
            });
            await models.Plane.Store.WriteAsync(tx => models.Plane.Services.GetRequiredService<CallBook>().RecordLost(tx));
            var used = Assert.Single((await models.Plane.GetAsync<Page<BudgetInfo>>(Routes.Budgets)).Items).Used;
            Assert.Equal((2.0, 0.0, 1L), (used.Usd, used.HeldUsd, used.Calls));
            Assert.Equal("lost", Assert.Single(await models.LedgerAsync()).Outcome);
            Assert.Equal(0, await models.Plane.Store.ReadAsync(c => c.QueryFirstAsync<int>("SELECT COUNT(*) FROM model_calls")));
        }
    }

    /// <summary>A broken or hostile provider: what it says is bounded, so that the reports of everybody's use still add up.</summary>
    [Theory, Trait("req", "B7")]
    [InlineData(long.MaxValue, 1e300)]
    [InlineData(long.MinValue, -5.0)]
    [InlineData(7L, double.NaN)]
    public async Task What_a_provider_says_that_cannot_be_is_not_believed(long tokens, double usd)
    {
        await using var models = await ModelPlane.StartAsync();
        await models.Plane.ProjectAsync();
        var held = await models.HoldAsync();
        await models.AskAsync(held.Lease, ModelPlane.Say("as always"));
        for (var i = 0; i < 3; i++)
        {
            await models.Plane.Store.WriteAsync(tx => tx.ExecuteOne("INSERT INTO model_calls (id, plane_id, route, nanos, tokens, holds, at) VALUES (@id, @PlaneId, 'smart', 0, 0, '[]', 1)", new { id = $"c{i}", models.Plane.Store.PlaneId }));
            await models.Plane.Services.GetRequiredService<CallBook>().RecordAsync($"c{i}", [new LegOutcome { Leg = new ModelLeg("liar", "scripted-1"), Outcome = "ok", Tokens = new TokenCounts(tokens, tokens, tokens, tokens), CostUsd = usd, LatencyMs = 1 }]);
        }

        var told = (await models.LedgerAsync()).Where(u => u.Provider == "liar").ToList();
        Assert.Equal(3, told.Count);
        Assert.All(told, u => Assert.True(u.TokensIn is >= 0 and <= 1_000_000_000 && u.CostUsd is >= 0 and <= 1_000_000 && u.Counted == (tokens == 7), $"{u}"));
        var cost = await models.Plane.GetAsync<CostReport>(Routes.ModelCost + "?by=model");
        Assert.Equal((await models.LedgerAsync()).Sum(u => u.CostUsd ?? 0), cost.Total.Usd, 6);
    }

    private static async Task EndAsync(Task<Answer> asking)
    {
        var answer = await asking;
        // A stream that was cut may still end in order, with an error in it.
        if (answer.Text.Contains("error", StringComparison.Ordinal)) throw new IOException(answer.Text);
    }

    private static async Task<IReadOnlyList<ModelUsageInfo>> UntilRecordedAsync(ModelPlane models, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var ledger = await models.LedgerAsync();
            if (ledger.Count >= count) return ledger;
            await Task.Delay(20, limit.Token);
        }
    }
}
