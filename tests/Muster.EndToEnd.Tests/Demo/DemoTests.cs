using System.Text.Json;
using Muster.Client;
using Muster.Contracts.Models;

namespace Muster.EndToEnd.Tests.Demo;

public sealed class DemoTests
{
    [Fact]
    [Trait("req", "A12")]
    public async Task The_demo_takes_a_plan_to_merged_deployed_proven_work()
    {
        await using var stage = new Stage();

        var ended = await stage.RunAsync("demo", "--exit", "--yes", "--json", "--data", stage.Data, "--record", stage["again.jsonl"]);

        Assert.True(ended.Code == 0, $"exit code {ended.Code}\n{ended.Output}\n{ended.Error}");
        var result = JsonDocument.Parse(ended.Output).RootElement;
        var tasks = result.GetProperty("tasks").EnumerateArray().ToList();
        Assert.Equal(6, tasks.Count);
        Assert.All(tasks, task => Assert.Equal("done", task.GetProperty("status").GetString()));
        Assert.All(tasks, task => Assert.True(task.GetProperty("rehearsal").GetBoolean()));
        Assert.All(tasks, task => Assert.Superset(new HashSet<string?> { "commit", "test(pass)", "pr(merged)" }, task.GetProperty("evidence").EnumerateArray().Select(one => one.GetString()).ToHashSet()));
        Assert.Contains(tasks, task => task.GetProperty("title").GetString() == "Add /v1/health endpoint");

        // One failed its check and was mended; one was killed in the middle and taken over.
        var killed = result.GetProperty("killed");
        var taken = tasks.Single(task => task.GetProperty("key").GetString() == killed.GetProperty("task").GetString());
        Assert.True(taken.GetProperty("attempts").GetInt32() >= 2);
        Assert.Contains(tasks, task => task.GetProperty("attempts").GetInt32() >= 2 && task.GetProperty("key").GetString() != taken.GetProperty("key").GetString());
        Assert.Single(result.GetProperty("approved").EnumerateArray());
        Assert.Contains("rehearsal", result.GetProperty("note").GetString(), StringComparison.Ordinal);

        await AssertRepositoryAsync(result, tasks);
        await AssertModelsAsync(stage, result, tasks);
        var health = result.GetProperty("health");
        Assert.Equal(200, health.GetProperty("status").GetInt32());
        var body = JsonDocument.Parse(health.GetProperty("body").GetString()!).RootElement;
        Assert.Equal("ok", body.GetProperty("status").GetString());
        Assert.NotEmpty(body.GetProperty("version").GetString()!);
    }

    // Every answer came through the gateway from the recording, and none was departed from, however the kill fell.
    private static async Task AssertModelsAsync(Stage stage, JsonElement result, IReadOnlyList<JsonElement> tasks)
    {
        var muster = (await stage.ServeAsync()).Client;
        var usage = await AllAsync(cursor => muster.ListModelUsageAsync(cursor: cursor));
        // What the killed agent was waiting for was never read to its end.
        Assert.All(usage, used => Assert.Contains(used.Outcome, (string[])["ok", "cancelled", "cut"]));
        Assert.All(usage, used => Assert.Equal(("replay", "recorded", 0d), (used.Provider, used.Model, used.CostUsd)));
        Assert.All(usage.Where(used => used.Outcome == "ok"), used => Assert.True(used is { TokensIn: > 0, TokensOut: > 0, ModelServed: "scripted-1" }, $"{used}"));
        Assert.Equal((usage.Count, usage.Sum(used => used.TokensOut)), (result.GetProperty("models").GetProperty("calls").GetInt64(), result.GetProperty("models").GetProperty("tokensOut").GetInt64()));
        foreach (var key in tasks.Select(task => task.GetProperty("key").GetString()!))
        {
            var task = await muster.GetTaskAsync(key);
            Assert.Contains(usage, used => used.TaskId == task.Id && used.Outcome == "ok");
            Assert.Contains((await muster.ListArtifactsAsync(task: key)).Items, kept => kept.Name.StartsWith($"transcript-{key}-", StringComparison.Ordinal));
        }

        // A recording of the replay is the recording, but for the round that nobody asked for.
        var shipped = RecordedAnswer.Read(DemoRecordingTests.Recording);
        var again = RecordedAnswer.Read(stage["again.jsonl"]);
        Assert.Equal(again.Count, result.GetProperty("recorded").GetInt32());
        Assert.Equal(shipped.Where(answer => !answer.Place.StartsWith("1.4 round 1", StringComparison.Ordinal)), again);
    }

    private static async Task<List<T>> AllAsync<T>(Func<string?, Task<Contracts.Page<T>>> list)
    {
        List<T> all = [];
        await foreach (var one in MusterClient.EnumerateAsync(list)) all.Add(one);
        return all;
    }

    // The plane's claims against git's own word, in the repository that is the person's.
    private static async Task AssertRepositoryAsync(JsonElement result, IReadOnlyList<JsonElement> tasks)
    {
        var repository = new Repository(result.GetProperty("repository").GetString()!);
        Assert.Equal(await repository.GitAsync("rev-parse", "main"), result.GetProperty("target").GetProperty("head").GetString());
        var merged = await repository.TrailersAsync("Muster-Task", "main");
        var agents = await repository.TrailersAsync("Muster-Agent", "main");
        var assignments = await repository.TrailersAsync("Muster-Assignment", "main");
        Assert.Equal(tasks.Count, merged.Count);
        foreach (var task in tasks)
        {
            var commit = task.GetProperty("commit").GetString();
            Assert.Contains((commit, task.GetProperty("key").GetString()), merged.Select(one => ((string?)one.Sha, (string?)one.Value)));
            Assert.Contains((commit, task.GetProperty("agent").GetString()), agents.Select(one => ((string?)one.Sha, (string?)one.Value)));
            Assert.Contains(commit, assignments.Select(one => one.Sha));
        }

        Assert.Empty(await repository.GitAsync("status", "--porcelain"));
    }
}
