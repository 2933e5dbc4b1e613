using System.Text;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Recording;

namespace Muster.Conformance.Models.Calling;

/// <summary>A run's model traffic, recorded and tried again with no key (B7).</summary>
[Trait("req", "B7")]
public sealed class RecordingTests
{
    [Fact]
    public async Task A_run_is_replayed_byte_for_byte_and_told_where_it_departs()
    {
        await using var model = await ScriptedModel.StartAsync(request => ScriptedTurn.Say($"answer {request.Number} Grüße 😀"));
        using var rig = RouterRig.Of($"providers: {{ p: {{ kind: openai, server: \"{model.Address}v1\" }}, a: {{ kind: anthropic, server: \"{model.Address}\" }} }}\nroutes: {{ r: [p/m], s: [a/m] }}\nrecord: all");
        List<byte[]> first = [];
        (ModelProtocol Protocol, bool Stream, string Text)[] run =
        [
            (ModelProtocol.OpenAiChat, true, "at 2026-11-01 in /tmp/abc-1 do 0a1b2c3d4e5f"), (ModelProtocol.AnthropicMessages, true, "two"), (ModelProtocol.AnthropicMessages, false, "two"), (ModelProtocol.OpenAiResponses, true, "three"),
        ];
        foreach (var (protocol, stream, text) in run) first.Add((await AskAsync(rig, protocol, stream, text, "s", "run-1")).Answer.Bytes);

        var file = rig.Recordings.PathOf("run-1")!;
        Assert.Equal(4, File.ReadLines(file).Count());
        using var again = RouterRig.Of($"providers: {{ x: {{ kind: replay, file: \"{file}\" }} }}\nroutes: {{ s: [x/recorded] }}");
        var asked = model.Journal.Calls.Count;
        for (var i = 0; i < run.Length; i++)
        {
            var (outcome, answer) = await AskAsync(again, run[i].Protocol, run[i].Stream, i == 0 ? "at 2027-01-31 in /tmp/xyz-2 do 9f8e7d6c5b4a" : run[i].Text, "s", "run-2");
            Assert.Equal(CallOutcome.Ok, outcome.Outcome);
            Assert.Equal(first[i], answer.Bytes);
        }

        Assert.Equal(asked, model.Journal.Calls.Count);
        var (departed, told) = await AskAsync(again, ModelProtocol.AnthropicMessages, true, "something else", "s", "run-3");
        Assert.Equal(CallOutcome.Refused, departed.Outcome);
        Assert.Contains("departs from its recording", told.Text, StringComparison.Ordinal);
        Assert.Contains("something else", told.Text, StringComparison.Ordinal);
        var (more, _) = await AskAsync(again, ModelProtocol.OpenAiResponses, true, "three", "s", "run-2");
        Assert.Contains("once more than was recorded", more.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_secret_is_in_a_recording_even_where_it_came_in_pieces(bool stream)
    {
        var secrets = new[] { "mst_" + new string('a', 32), "sk-proj-" + new string('b', 40), "ghp_" + new string('c', 36), "the-providers-own-key" };
        await using var model = await ScriptedModel.StartAsync(_ => new ScriptedTurn { Text = $"you said {string.Join(' ', secrets)} I think", Calls = [ScriptedCall.Of("read", new { path = secrets[0] })] });
        using var rig = RouterRig.Of($"providers: {{ p: {{ kind: openai, server: \"{model.Address}v1\", keyVariable: K }} }}\nroutes: {{ r: [p/m] }}", keys: ("K", secrets[3]));
        rig.Recordings.Record("run-1");
        var (_, answer) = await AskAsync(rig, ModelProtocol.OpenAiChat, stream, $"keep {string.Join(' ', secrets[..3])} safe, postgres://me:hunter2secret@db/x", "r", "run-1");
        Assert.Contains(secrets[1], answer.Read(ModelProtocol.OpenAiChat).Text, StringComparison.Ordinal);
        var text = await File.ReadAllTextAsync(rig.Recordings.PathOf("run-1")!);
        Assert.All([.. secrets, "hunter2secret"], secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));

        using var again = RouterRig.Of($"providers: {{ x: {{ kind: replay, file: \"{rig.Recordings.PathOf("run-1")}\" }} }}\nroutes: {{ r: [x/recorded] }}");
        var (_, replayed) = await AskAsync(again, ModelProtocol.OpenAiChat, stream, $"keep {string.Join(' ', secrets[..3])} safe, postgres://me:hunter2secret@db/x", "r", "run-2");
        var heard = replayed.Read(ModelProtocol.OpenAiChat);
        Assert.StartsWith("you said [secret removed]", heard.Text, StringComparison.Ordinal);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, heard.Text + heard.Calls[0].Arguments, StringComparison.Ordinal));

        Assert.Null(rig.Recordings.PathOf("../run"));
        await AskAsync(rig, ModelProtocol.OpenAiChat, stream, "hello", "r", "run-9");
        Assert.False(File.Exists(rig.Recordings.PathOf("run-9")));
    }

    private static async Task<(ModelOutcome Outcome, CollectedAnswer Answer)> AskAsync(RouterRig rig, ModelProtocol protocol, bool stream, string text, string route, string assignment)
    {
        var answer = new CollectedAnswer();
        var call = new ModelCall { Protocol = protocol, Body = RouterRig.Question(protocol, stream, text), Route = rig.Setup.Routes.Find(route, out _)!, MaxTokens = 100, AssignmentId = assignment };
        return (await rig.Router.CallAsync(call, answer, default), answer);
    }
}
