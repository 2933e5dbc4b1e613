using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.Conformance.Models.Calling;

/// <summary>A provider's stream that ends at any byte (D5).</summary>
[Trait("req", "D5")]
public sealed class CutStreamTests
{
    [Theory]
    [InlineData("openai", ModelProtocol.OpenAiChat, ModelProtocol.OpenAiChat)]
    [InlineData("openai", ModelProtocol.OpenAiChat, ModelProtocol.AnthropicMessages)]
    [InlineData("anthropic", ModelProtocol.AnthropicMessages, ModelProtocol.AnthropicMessages)]
    [InlineData("anthropic", ModelProtocol.AnthropicMessages, ModelProtocol.OpenAiResponses)]
    public async Task A_stream_that_ends_at_any_byte_is_whole_or_told_to_be_cut_or_was_never_begun(string kind, ModelProtocol spoken, ModelProtocol asked)
    {
        var writer = Dialects.Of(spoken).NewWriter("m", new NeutralRequest { Model = "m", StreamUsage = true, Turns = [] });
        AnswerEvent[] said = [new AnswerBegun("i", "m"), new TextPiece("Grüße "), new TextPiece("😀 all"), new UsageSeen(new TokenCounts(5, 3)), new AnswerStopped(StopReason.End), new AnswerEnded()];
        byte[] bytes = [.. said.SelectMany(writer.Write)];
        var length = 0;
        await using var model = await FixedModel.StartAsync(async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.Body.WriteAsync(bytes.AsMemory(0, length));
            await http.Response.Body.FlushAsync();
        });
        var time = new HandTime();
        using var rig = RouterRig.Over(time, null, (kind, model.Address));
        for (length = 0; length <= bytes.Length; length++)
        {
            // Whatever rests after a failure is asked again.
            time.Advance(TimeSpan.FromMinutes(3));
            var (outcome, answer) = await rig.AskAsync(asked);
            switch (outcome.Outcome)
            {
                case CallOutcome.Ok:
                    Assert.Equal("Grüße 😀 all", answer.Read(asked).Text);
                    break;
                case CallOutcome.Cut:
                    var heard = answer.Read(asked);
                    Assert.StartsWith(heard.Text, "Grüße 😀 all", StringComparison.Ordinal);
                    Assert.Contains("not the whole answer", heard.Failure!.Message, StringComparison.Ordinal);
                    break;
                default:
                    Assert.Equal((CallOutcome.ProviderDown, 0, FaultClass.Broken), (outcome.Outcome, answer.Begun, outcome.Tries.Single().Outcome));
                    break;
            }

            if (length == bytes.Length) Assert.Equal(CallOutcome.Ok, outcome.Outcome);
            if (length < bytes.Length / 2) Assert.NotEqual(CallOutcome.Ok, outcome.Outcome);
        }
    }
}
