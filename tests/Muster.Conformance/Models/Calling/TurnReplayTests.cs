using System.Text;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;
using Muster.ControlPlane.Models.Recording;

namespace Muster.Conformance.Models.Calling;

/// <summary>A recording that is replayed by task, round and turn, whatever the requests say (B7, A12).</summary>
[Trait("req", "B7")]
public sealed class TurnReplayTests
{
    private static readonly RunPlace Health = new("1.1", "Add a health endpoint", 0);

    [Fact]
    public async Task An_attempt_that_was_lost_is_begun_again_and_departs_from_nothing()
    {
        await using var model = await ScriptedModel.StartAsync(request => new ScriptedTurn { Text = $"answer {request.Number} Grüße", Calls = [ScriptedCall.Of("read", new { path = $"file{request.Number}" })] });
        using var rig = RouterRig.Of($"providers: {{ p: {{ kind: openai, server: \"{model.Address}v1\" }} }}\nroutes: {{ r: [p/m] }}\nrecord: all");
        foreach (var (run, place, turn) in new[] { ("run-1", Health, 0), ("run-1", Health, 1), ("run-2", Health with { Round = 1 }, 0) }) await AskAsync(rig, run, place, turn, "in /home/someone/shop");
        var excerpt = Path.Combine(Path.GetDirectoryName(rig.Recordings.PathOf("run-1"))!, "excerpt.jsonl");
        Assert.Equal(3, Excerpt.Write([rig.Recordings.PathOf("run-2")!, rig.Recordings.PathOf("run-1")!], excerpt));
        Assert.DoesNotContain("someone", await File.ReadAllTextAsync(excerpt), StringComparison.Ordinal);

        foreach (var file in (string[])[excerpt, rig.Recordings.PathOf("run-1")!])
        {
            using var again = RouterRig.Of($"providers: {{ x: {{ kind: replay, file: \"{file}\", match: turns }} }}\nroutes: {{ r: [x/recorded] }}");
            // Lost after its first answer, and after its second; each begins where the round begins.
            foreach (var run in (string[])["a", "b", "c"])
            {
                Assert.Equal("answer 1 Grüße file1", await SaidAsync(again, run, Health, 0));
                if (run != "a") Assert.Equal("answer 2 Grüße file2", await SaidAsync(again, run, Health with { Title = "Renamed" }, 1));
            }

            if (file == excerpt) Assert.Equal(["answer 3 Grüße file3", "answer 3 Grüße file3"], [await SaidAsync(again, "d", Health with { Round = 1 }, 0), await SaidAsync(again, "e", Health with { Round = 4 }, 0)]);
            Assert.Contains("no answer 3 for 1.1", await DepartsAsync(again, Health, 2), StringComparison.Ordinal);
            Assert.Contains("nothing for \"Another\"", await DepartsAsync(again, new RunPlace(null, "Another", 0), 0), StringComparison.Ordinal);
            Assert.Contains("has a place", await DepartsAsync(again, null, 0), StringComparison.Ordinal);
        }

        var wrong = Assert.Throws<ModelsConfigException>(() => RouterRig.Of($"providers: {{ x: {{ kind: replay, file: \"{excerpt}\" }} }}\nroutes: {{ r: [x/recorded] }}"));
        Assert.Contains("match: turns", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_takes_the_time_that_it_took_and_costs_nothing_now()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("Thinking took its time."));
        model.CostPerToken = 0.001;
        var then = new HandTime();
        using var rig = RouterRig.Of($"providers: {{ p: {{ kind: openrouter, server: \"{model.Address}v1\", keyVariable: K }} }}\nroutes: {{ r: [p/m] }}\nrecord: all", then, keys: ("K", "key-of-somebody"));
        model.Fault = _ => new ScriptedFault { Before = (at, _) => { if (at == 0) then.Advance(TimeSpan.FromSeconds(5)); return Task.CompletedTask; } };
        Assert.True((await AskAsync(rig, "run-1", Health, 0)).Outcome.Tries[^1].CostUsd > 0);

        var now = new HandTime();
        using var again = RouterRig.Of($"providers: {{ x: {{ kind: replay, file: \"{rig.Recordings.PathOf("run-1")}\", match: turns, pace: recorded }} }}\nroutes: {{ r: [x/recorded] }}", now);
        var waits = now.UntilWaitedAsync(TimeSpan.FromSeconds(5));
        var asking = AskAsync(again, "run-2", Health, 0);
        await waits;
        Assert.False(asking.IsCompleted);
        now.Advance(TimeSpan.FromSeconds(5));

        var (outcome, answer) = await asking;
        Assert.Equal("Thinking took its time.", answer.Read(ModelProtocol.OpenAiChat).Text);
        Assert.Equal((0d, true, 5000), (outcome.Tries[^1].CostUsd, outcome.Tries[^1].Replayed, outcome.Tries[^1].LatencyMs));
        Assert.True(outcome.Tries[^1].Tokens is { In: > 0, Out: > 0 });
    }

    private static async Task<string> SaidAsync(RouterRig rig, string run, RunPlace? place, int turn)
    {
        var (outcome, answer) = await AskAsync(rig, run, place, turn, "in /tmp/elsewhere, after a kill");
        var heard = answer.Read(ModelProtocol.OpenAiChat);
        return outcome.Outcome == CallOutcome.Ok ? $"{heard.Text} {System.Text.Json.JsonDocument.Parse(heard.Calls[0].Arguments).RootElement.GetProperty("path")}" : outcome.Reason ?? "";
    }

    private static async Task<string> DepartsAsync(RouterRig rig, RunPlace? place, int turn)
    {
        var (outcome, answer) = await AskAsync(rig, "z", place, turn);
        Assert.Equal(CallOutcome.Refused, outcome.Outcome);
        return Encoding.UTF8.GetString(answer.Bytes).Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\u0022", "\"", StringComparison.Ordinal);
    }

    private static async Task<(ModelOutcome Outcome, CollectedAnswer Answer)> AskAsync(RouterRig rig, string run, RunPlace? place, int turn, string text = "hello")
    {
        var answer = new CollectedAnswer();
        List<Turn> turns = [new Turn(TurnRole.User, [new TextPart(text)])];
        for (var at = 0; at < turn; at++) turns.AddRange([new Turn(TurnRole.Assistant, [new TextPart($"said {at}")]), new Turn(TurnRole.User, [new TextPart("go on")])]);
        var body = Dialects.Of(ModelProtocol.OpenAiChat).Write(new NeutralRequest { Model = "asked", Stream = true, StreamUsage = true, Turns = turns });
        var call = new ModelCall { Protocol = ModelProtocol.OpenAiChat, Body = body, Route = rig.Setup.Routes.Find("r", out _)!, MaxTokens = 100, AssignmentId = run, Place = place };
        return (await rig.Router.CallAsync(call, answer, default), answer);
    }
}
