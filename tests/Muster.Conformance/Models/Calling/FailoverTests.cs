using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.Conformance.Models.Calling;

/// <summary>What goes on when a provider fails (D5).</summary>
[Trait("req", "D5")]
public sealed class FailoverTests
{
    public static TheoryData<string, string> Faults => new()
    {
        { "rate", FaultClass.RateLimited }, { "quota", FaultClass.Quota }, { "overloaded", FaultClass.Overloaded }, { "unavailable", FaultClass.Overloaded },
        { "unauthorized", FaultClass.Unauthorized }, { "aborted", FaultClass.Broken }, { "garbage", FaultClass.Broken }, { "cut-early", FaultClass.Broken }, { "no-model", FaultClass.Broken },
    };

    [Theory, MemberData(nameof(Faults))]
    public async Task The_next_leg_answers_when_one_fails(string fault, string expected)
    {
        await using var first = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("never"));
        await using var second = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("from the second"));
        first.Fault = _ => Fault(fault);
        using var rig = RouterRig.Over(("openai", first.Address), ("anthropic", second.Address));
        foreach (var stream in (bool[])[true, false])
        {
            var (outcome, answer) = await rig.AskAsync(ModelProtocol.OpenAiChat, stream: stream);
            Assert.Equal(CallOutcome.Ok, outcome.Outcome);
            Assert.Equal("from the second", answer.Read(ModelProtocol.OpenAiChat).Text);
            if (stream) Assert.Equal([expected, "ok"], outcome.Tries.Select(t => t.Outcome));
            Assert.Equal(1, answer.Begun);
        }
    }

    [Fact]
    public async Task A_request_that_is_wrong_itself_is_refused_as_the_provider_says_it_and_asked_nowhere_else()
    {
        await using var first = await ScriptedModel.StartAsync();
        await using var second = await ScriptedModel.StartAsync();
        first.Fault = _ => ScriptedFault.Refused("prompt is too long");
        using var rig = RouterRig.Over(("anthropic", first.Address), ("anthropic", second.Address));
        var (outcome, answer) = await rig.AskAsync(ModelProtocol.AnthropicMessages);
        Assert.Equal((CallOutcome.Refused, 400), (outcome.Outcome, answer.Status));
        Assert.Contains("prompt is too long", answer.Text, StringComparison.Ordinal);
        Assert.Contains("\"type\":\"error\"", answer.Text, StringComparison.Ordinal);
        Assert.Empty(second.Journal.Calls);
        Assert.Equal(BreakerState.Closed, rig.Health.Of(new ModelLeg("p0", "m0")).State);

        var (translated, other) = await rig.AskAsync(ModelProtocol.OpenAiChat);
        Assert.Equal((CallOutcome.Refused, 400), (translated.Outcome, other.Status));
        Assert.Contains("\"code\":\"invalid_request\"", other.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ModelProtocol.OpenAiChat, "openai")]
    [InlineData(ModelProtocol.AnthropicMessages, "anthropic")]
    [InlineData(ModelProtocol.AnthropicMessages, "openai")]
    [InlineData(ModelProtocol.OpenAiResponses, "anthropic")]
    public async Task After_the_first_token_nobody_else_is_asked_and_the_caller_is_told(ModelProtocol protocol, string kind)
    {
        await using var first = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("one two three four five six seven eight nine ten eleven twelve"));
        await using var second = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("never"));
        first.Fault = _ => ScriptedFault.Cut(1500);
        using var rig = RouterRig.Over((kind, first.Address), (kind, second.Address));
        var (outcome, answer) = await rig.AskAsync(protocol);
        Assert.Equal(CallOutcome.Cut, outcome.Outcome);
        Assert.Equal(FaultClass.Cut, Assert.Single(outcome.Tries).Outcome);
        Assert.False(outcome.Tries[0].Counted);
        Assert.True(outcome.Tries[0].Tokens.Out > 0);
        Assert.Empty(second.Journal.Calls);
        var heard = answer.Read(protocol);
        Assert.StartsWith("one two", heard.Text, StringComparison.Ordinal);
        Assert.Contains("not the whole answer", heard.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_that_goes_ends_the_call_and_the_providers_work()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("one two three four five"));
        model.Fault = _ => ScriptedFault.HoldAt(6, new TaskCompletionSource().Task);
        using var rig = RouterRig.Over(("openai", model.Address));
        using var gone = new CancellationTokenSource();
        var answer = new CollectedAnswer { OnWrite = _ => gone.Cancel() };
        var call = new ModelCall { Protocol = ModelProtocol.OpenAiChat, Body = RouterRig.Question(ModelProtocol.OpenAiChat, true), Route = rig.Setup.Routes.Find("r", out _)!, MaxTokens = 100 };
        var outcome = await rig.Router.CallAsync(call, answer, gone.Token);
        Assert.Equal(CallOutcome.Cancelled, outcome.Outcome);
        Assert.True(outcome.Tries.Single().Tokens.Out > 0);
        await model.Journal.UntilAsync(j => j.Calls.Single().Outcome == "gone");
        Assert.Equal(BreakerState.Closed, rig.Health.Of(new ModelLeg("p0", "m0")).State);

        var broken = new CollectedAnswer { OnWrite = _ => throw new IOException("the pipe is broken") };
        model.Fault = _ => null;
        Assert.Equal(CallOutcome.Cancelled, (await rig.Router.CallAsync(call, broken, default)).Outcome);
    }

    [Fact(Timeout = 60_000)]
    public async Task Silence_is_not_waited_for_beyond_its_time()
    {
        var time = new HandTime();
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("one two three four five"));
        await using var other = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("other"));
        model.Fault = _ => ScriptedFault.Silence;
        using var rig = RouterRig.Over(time, null, ("openai", model.Address), ("openai", other.Address));
        var asking = rig.AskAsync(ModelProtocol.OpenAiChat);
        await model.Journal.UntilAsync(j => j.Calls.Count == 1);
        time.Advance(TimeSpan.FromSeconds(6));
        var (outcome, answer) = await asking.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal([FaultClass.Timeout, "ok"], outcome.Tries.Select(t => t.Outcome));
        Assert.Equal("other", answer.Read(ModelProtocol.OpenAiChat).Text);

        var held = new TaskCompletionSource();
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        model.Fault = _ => ScriptedFault.HoldAt(4, held.Task);
        var slow = new CollectedAnswer { OnWrite = _ => written.TrySetResult() };
        var call = new ModelCall { Protocol = ModelProtocol.OpenAiChat, Body = RouterRig.Question(ModelProtocol.OpenAiChat, true), Route = rig.Setup.Routes.Find("r", out _)!, MaxTokens = 100 };
        var calling = rig.Router.CallAsync(call, slow, default);
        await written.Task.WaitAsync(TimeSpan.FromSeconds(60));
        // The clock is set again right after a piece was delivered: it is moved until it strikes.
        while (!calling.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(CallOutcome.Cut, (await calling).Outcome);
        held.SetResult();
    }

    [Fact]
    public async Task When_every_leg_is_down_the_caller_hears_when_to_come_again()
    {
        var time = new HandTime();
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("back"));
        model.Fault = _ => ScriptedFault.RateLimited("90");
        using var rig = RouterRig.Over(time, null, ("openai", model.Address));
        List<HealthChange> changes = [];
        rig.Health.Listen(changes.Add);
        var (outcome, answer) = await rig.AskAsync(ModelProtocol.OpenAiChat);
        Assert.Equal(CallOutcome.ProviderDown, outcome.Outcome);
        Assert.Equal(0, answer.Begun);
        Assert.Equal(TimeSpan.FromSeconds(90), outcome.RetryAfter);
        Assert.Contains("Rate limit reached", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal([("p0/m0", true), ("r", true)], changes.Select(c => (c.Leg?.ToString() ?? c.Route!, c.IsDown)));

        // While it is down nobody is asked.
        Assert.Empty((await rig.AskAsync(ModelProtocol.OpenAiChat)).Outcome.Tries);
        Assert.Single(model.Journal.Calls);

        model.Fault = _ => null;
        time.Advance(TimeSpan.FromSeconds(91));
        Assert.Equal(CallOutcome.Ok, (await rig.AskAsync(ModelProtocol.OpenAiChat)).Outcome.Outcome);
        Assert.Equal([("p0/m0", false), ("r", false)], changes.Skip(2).Select(c => (c.Leg?.ToString() ?? c.Route!, c.IsDown)));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_short_pause_is_waited_for_so_that_the_task_goes_on()
    {
        var time = new HandTime();
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("back"));
        model.Fault = request => request.Number == 1 ? ScriptedFault.RateLimited("3") : null;
        using var rig = RouterRig.Over(time, TimeSpan.FromSeconds(10), ("openai", model.Address));
        var asking = rig.AskAsync(ModelProtocol.OpenAiChat);
        // An answer is waited for 5 s, so that a wait of at most 4 s is the pause.
        await time.UntilWaitedAsync(TimeSpan.FromSeconds(4));
        time.Advance(TimeSpan.FromSeconds(4));
        var (outcome, answer) = await asking;
        Assert.Equal([FaultClass.RateLimited, "ok"], outcome.Tries.Select(t => t.Outcome));
        Assert.Equal("back", answer.Read(ModelProtocol.OpenAiChat).Text);
    }

    [Fact]
    public async Task Fifty_callers_go_on_when_their_provider_dies_and_come_back_when_it_does()
    {
        var time = new HandTime();
        await using var first = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("first"));
        await using var second = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("second"));
        using var rig = RouterRig.Over(time, null, ("openai", first.Address), ("anthropic", second.Address));
        first.Down = true;
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => rig.AskAsync(ModelProtocol.AnthropicMessages)));
        Assert.All(answers, a => Assert.Equal("second", a.Answer.Read(ModelProtocol.AnthropicMessages).Text));
        Assert.True(rig.Health.Of(new ModelLeg("p0", "m0")).IsDown);

        // The probe costs no tokens: it asks for the list of models.
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.NotNull(await rig.Watch.LookAsync(default));
        first.Down = false;
        time.Advance(TimeSpan.FromMinutes(3));
        Assert.Null(await rig.Watch.LookAsync(default));
        Assert.Contains(first.Journal.Entries, e => e.Path.EndsWith("/models", StringComparison.Ordinal));
        var (_, back) = await rig.AskAsync(ModelProtocol.AnthropicMessages);
        Assert.Equal("first", back.Read(ModelProtocol.AnthropicMessages).Text);
        Assert.Equal(BreakerState.Closed, rig.Health.Of(new ModelLeg("p0", "m0")).State);
    }

    [Fact]
    public async Task Thoughts_of_another_provider_do_not_follow_back_to_the_one_that_would_refuse_them()
    {
        await using var first = await ScriptedModel.StartAsync(_ => new ScriptedTurn { Thinking = "hm", Text = "", Calls = [ScriptedCall.Of("read", new { path = "x" })] });
        await using var second = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("done"));
        using var rig = RouterRig.Over(("openai", first.Address), ("anthropic", second.Address));
        var body = RouterRig.Question(ModelProtocol.AnthropicMessages, true);
        body["thinking"] = new System.Text.Json.Nodes.JsonObject { ["type"] = "enabled", ["budget_tokens"] = 200 };
        var (_, answer) = await rig.AskAsync(ModelProtocol.AnthropicMessages, body);
        var heard = answer.Read(ModelProtocol.AnthropicMessages);
        Assert.Equal("hm", heard.Thought);
        body["messages"]!.AsArray().Add((System.Text.Json.Nodes.JsonNode)new System.Text.Json.Nodes.JsonObject
        {
            ["role"] = "assistant",
            ["content"] = Dialects.Of(ModelProtocol.AnthropicMessages).WriteWhole(heard, new NeutralRequest { Model = "m", Turns = [] })["content"]!.DeepClone(),
        });
        body["messages"]!.AsArray().Add(System.Text.Json.Nodes.JsonNode.Parse($$"""{"role":"user","content":[{"type":"tool_result","tool_use_id":"{{heard.Calls[0].Id}}","content":"ok"}]}"""));
        first.Down = true;
        var (outcome, end) = await rig.AskAsync(ModelProtocol.AnthropicMessages, body);
        Assert.Equal("done", end.Read(ModelProtocol.AnthropicMessages).Text);
        var sent = second.Journal.Calls.Single().Request!.Body.ToJsonString();
        Assert.DoesNotContain("thinking", sent, StringComparison.Ordinal);
        Assert.Contains("tool_result", sent, StringComparison.Ordinal);
    }

    private static ScriptedFault Fault(string name) => name switch
    {
        "rate" => ScriptedFault.RateLimited("60"),
        "quota" => ScriptedFault.Quota,
        "overloaded" => ScriptedFault.Overloaded,
        "unavailable" => ScriptedFault.Unavailable,
        "unauthorized" => ScriptedFault.Unauthorized,
        "aborted" => ScriptedFault.Aborted,
        "garbage" => ScriptedFault.Garbage,
        "cut-early" => ScriptedFault.Cut(40),
        _ => new ScriptedFault { Status = 404, Message = "The model does not exist." },
    };
}
