using System.Text;
using Muster.ControlPlane.Models.Calling;

namespace Muster.Conformance.Models.Calling;

/// <summary>Calls in the provider's own protocol, and in another (B7).</summary>
[Trait("req", "B7")]
public sealed class PassingTests
{
    public static TheoryData<string, ModelProtocol, bool> Same => new()
    {
        { "openrouter", ModelProtocol.OpenAiChat, true }, { "openrouter", ModelProtocol.OpenAiChat, false },
        { "groq", ModelProtocol.OpenAiChat, true }, { "ollama", ModelProtocol.OpenAiChat, true }, { "openai", ModelProtocol.OpenAiChat, false },
        { "anthropic", ModelProtocol.AnthropicMessages, true }, { "anthropic", ModelProtocol.AnthropicMessages, false },
        { "openrouter", ModelProtocol.AnthropicMessages, true },
    };

    public static TheoryData<string, ModelProtocol, bool> Other
    {
        get
        {
            var data = new TheoryData<string, ModelProtocol, bool>();
            foreach (var stream in (bool[])[true, false])
            {
                data.Add("anthropic", ModelProtocol.OpenAiChat, stream);
                data.Add("anthropic", ModelProtocol.OpenAiResponses, stream);
                data.Add("openai", ModelProtocol.AnthropicMessages, stream);
                data.Add("openai", ModelProtocol.OpenAiResponses, stream);
                data.Add("groq", ModelProtocol.AnthropicMessages, stream);
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Same)), MemberData(nameof(Other))]
    public async Task Text_thoughts_calls_and_tokens_arrive_in_the_callers_protocol(string kind, ModelProtocol protocol, bool stream)
    {
        await using var model = await ScriptedModel.StartAsync(ScriptedScripts.Turns(new ScriptedTurn
        {
            Text = "Grüße, 😀 world of words",
            Calls = [ScriptedCall.Of("read", new { path = "a b.txt" }), ScriptedCall.Of("read", new { path = "zwei \"\n\\" })],
        }));
        model.Ollama.Install("m0");
        using var rig = RouterRig.Over((kind, model.Address));
        var (outcome, answer) = await rig.AskAsync(protocol, stream: stream);

        Assert.Equal(CallOutcome.Ok, outcome.Outcome);
        var heard = answer.Read(protocol);
        Assert.Equal("Grüße, 😀 world of words", heard.Text);
        Assert.Equal(["""{"path":"a b.txt"}""", "zwei \"\n\\"], heard.Calls.Select((c, i) => i == 0 ? c.Arguments.Replace(" \"", "\"", StringComparison.Ordinal) : System.Text.Json.JsonDocument.Parse(c.Arguments).RootElement.GetProperty("path").GetString()));
        Assert.Equal(ControlPlane.Models.Protocols.StopReason.ToolCalls, heard.Stop);
        var billed = model.Journal.Calls.Single().Billed;
        var tried = Assert.Single(outcome.Tries);
        Assert.True(tried.Counted);
        Assert.Equal(new TokenCounts(billed.In, billed.Out, billed.Cached, billed.Stored), tried.Tokens);
        Assert.Equal("m0", tried.Served);
        Assert.NotNull(tried.FirstTokenMs);
        var asked = model.Journal.Calls.Single().Request!;
        Assert.Equal("m0", asked.Model);
        Assert.Equal("Be brief.", asked.System);
        Assert.Equal("Say something", Assert.Single(asked.Messages).Text);
        Assert.True(asked.Offers("read"));
    }

    [Theory]
    [InlineData("text/event-stream", "data: {\"id\":\"x\",\"model\":\"s\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\r\n\r\n: a comment\n\ndata:{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n")]
    [InlineData("application/json", "{ \"id\" : \"x\",\n\"model\":\"s\", \"choices\":[{\"index\":0,\"message\":{\"content\":\"\\u0061\"},\"finish_reason\":\"stop\"}] , \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}, \"odd\": 1e5 }")]
    public async Task Bytes_of_the_same_protocol_arrive_as_they_were_sent(string type, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        await using var model = await FixedModel.StartAsync(bytes, type, 1, bytes.Length / 2, bytes.Length - 1);
        using var rig = RouterRig.Over(("openai", model.Address));
        var (outcome, answer) = await rig.AskAsync(ModelProtocol.OpenAiChat, stream: type == "text/event-stream");
        Assert.Equal(CallOutcome.Ok, outcome.Outcome);
        Assert.Equal(text, answer.Text);
        Assert.Equal(new TokenCounts(3, 1), outcome.Tries.Single().Tokens);
    }

    [Fact]
    public async Task Each_piece_goes_on_before_the_next_comes()
    {
        var second = new TaskCompletionSource();
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("one two three four five"));
        model.Fault = _ => ScriptedFault.HoldAt(4, second.Task);
        using var rig = RouterRig.Over(("openai", model.Address));
        var answer = new CollectedAnswer { OnWrite = _ => second.TrySetResult() };
        var call = new ModelCall { Protocol = ModelProtocol.OpenAiChat, Body = RouterRig.Question(ModelProtocol.OpenAiChat, true), Route = rig.Setup.Routes.Find("r", out _)!, MaxTokens = 100 };
        var outcome = await rig.Router.CallAsync(call, answer, default).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(CallOutcome.Ok, outcome.Outcome);
        Assert.Equal("one two three four five", answer.Read(ModelProtocol.OpenAiChat).Text);
    }

    [Fact]
    public async Task Two_hundred_streams_at_once_each_get_their_own_answer_and_count()
    {
        var all = new TaskCompletionSource();
        var begun = 0;
        await using var model = await ScriptedModel.StartAsync(request => ScriptedTurn.Say($"this is the answer to {request.Messages[0].Text}"));
        model.Fault = _ => new ScriptedFault { Before = (index, ct) => index == 3 && Interlocked.Increment(ref begun) == 200 ? Release(all) : index == 3 ? all.Task.WaitAsync(ct) : Task.CompletedTask };
        using var rig = RouterRig.Of($"providers: {{ p: {{ kind: openai, server: \"{model.Address}v1\" }} }}\nroutes: {{ r: [p/m] }}");
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(n => rig.AskAsync(ModelProtocol.OpenAiChat, RouterRig.Question(ModelProtocol.OpenAiChat, true, $"question {n}"))));
        Assert.Equal(Enumerable.Range(0, 200).Select(n => $"this is the answer to question {n}"), answers.Select(a => a.Answer.Read(ModelProtocol.OpenAiChat).Text));
        Assert.Equal(model.Journal.Billed.In + model.Journal.Billed.Out, answers.Sum(a => a.Outcome.Tries.Single().Tokens.Total));

        static Task Release(TaskCompletionSource all)
        {
            all.TrySetResult();
            return Task.CompletedTask;
        }
    }
}
