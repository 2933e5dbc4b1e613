using System.Text.Json;
using Muster.Client;
using Muster.Conformance.Models;
using Muster.Contracts.Delivery;

namespace Muster.EndToEnd.Tests.Demo;

/// <summary>The demo's recording, and how it is made anew.</summary>
public sealed class DemoRecordingTests
{
    public static readonly string Recording = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../samples/demo/recording.jsonl"));

    [Fact]
    [Trait("req", "B7")]
    public async Task The_recording_is_what_the_script_says()
    {
        var scripts = DemoScript.Read();
        Assert.All(scripts.SelectMany(script => script.Rounds).SelectMany(round => round).SelectMany(turn => turn.Calls).SelectMany(call => call.Values).SelectMany(arguments => arguments), argument => Assert.NotNull(argument.Value));
        if (Environment.GetEnvironmentVariable("MUSTER_ACCEPT") == "1") await RecordAsync(scripts);

        var said = from script in scripts
                   from round in script.Rounds.Index()
                   from turn in round.Item.Index()
                   select new RecordedAnswer(RecordedAnswer.At(script.Issue, round.Index, turn.Index), RecordedAnswer.Say(turn.Item.Say, turn.Item.Turn.Calls.Select(call => (call.Name, call.Arguments))));
        Assert.True(said.SequenceEqual(RecordedAnswer.Read(Recording)), "The recording is not what the script says: MUSTER_ACCEPT=1 ./muster test The_recording_is_what_the_script_says makes it anew.");
        // Small, and without anything of the machine that it was made on.
        Assert.InRange(new FileInfo(Recording).Length, 1, 100_000);
        Assert.DoesNotMatch("/(home|root|tmp|work|Users)/|mls_|mst_", await File.ReadAllTextAsync(Recording));
    }

    // As a person does who has a model: by the demo itself, with their own models.yaml, deciding in another terminal.
    private static async Task RecordAsync(IReadOnlyList<DemoScript> scripts)
    {
        await using var model = await ScriptedModel.StartAsync(request => DemoScript.Of(scripts, request).Turn);
        model.Fault = request => new ScriptedFault { Before = (at, ct) => at == 0 ? Task.Delay(DemoScript.Of(scripts, request).Think, ct) : Task.CompletedTask };
        await using var stage = new Stage();
        Directory.CreateDirectory(stage["share/muster"]);
        await File.WriteAllTextAsync(stage["share/muster/models.yaml"], $$"""providers: { scripted: { kind: openai, server: "{{model.Address}}v1" } }""");
        var demo = stage.RunAsync("demo", "--exit", "--json", "--data", stage.Data, "--model", "scripted/scripted-1", "--record", Recording);
        var seen = await DecideAsync(stage, demo, Verdicts.RequestChanges, "");
        await DecideAsync(stage, demo, Verdicts.Approve, seen);
        var ended = await demo;
        Assert.True(ended.Code == 0, $"exit code {ended.Code}\n{ended.Output}\n{ended.Error}");
    }

    private static async Task<string> DecideAsync(Stage stage, Task<Ended> demo, string verdict, string seen)
    {
        await Until.HoldsAsync(async () =>
        {
            if (demo.IsCompleted) Assert.Fail($"The demo ended before it was told to {verdict}: {(await demo).Error}");
            if (!File.Exists(Path.Combine(stage.Data, "server.json"))) return (false, "no plane");
            var server = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(stage.Data, "server.json"))).RootElement;
            using var muster = new MusterClient(new MusterClientOptions { Server = new Uri(server.GetProperty("address").GetString()!), Token = server.GetProperty("token").GetString()! });
            var waiting = (await muster.ListPullsAsync()).Items.FirstOrDefault(pull => pull is { State: PullState.Open, NeedsApproval: true } && pull.HeadSha != seen && pull.Checks.Any() && pull.Checks.All(check => check.State is not (JobState.Waiting or JobState.Running)));
            if (waiting is null) return (false, "nothing waits for a person");
            await muster.CreateReviewAsync(waiting.Id, new CreateReview { Verdict = verdict, HeadSha = waiting.HeadSha, Body = "A second way to reach us, please." });
            seen = waiting.HeadSha;
            return (true, "");
        }, TimeSpan.FromMinutes(6));
        return seen;
    }
}
