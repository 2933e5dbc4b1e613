using System.Text.Json;
using Muster.Conformance.Models;
using Muster.Contracts.Conversations;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>A sentence becomes merged work, with the real program, real git and a model behind a real protocol (B5).</summary>
[Trait("req", "B5")]
public sealed class ChiefTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private const string Agent =
        """
        #!/bin/sh
        set -e
        mkdir -p words
        echo "$MUSTER_TASK_TITLE" > "words/$MUSTER_TASK_TITLE"
        echo "$MUSTER_TASK_TITLE" >> list.txt

        """;

    [Fact]
    public async Task A_sentence_becomes_merged_work_over_a_dead_provider_and_a_dead_plane()
    {
        await using var model = await ScriptedModel.StartAsync(request => ScriptedTurn.Say(request.Text.Contains("last word", StringComparison.Ordinal) ? Plan("omega") : Plan("alpha", "bravo")));
        await using var stage = new Stage();
        await model.ServeAsync(stage.Data);
        await File.WriteAllTextAsync(Path.Combine(stage.Data, "config.json"), """{ "chief": { "retryDelay": "00:00:01" } }""", TestContext.Current.CancellationToken);
        var repository = await Repository.CreateAsync(stage["words-of-mine"]);
        await stage.WriteScriptAsync("agent.sh", Agent);

        model.Down = true;
        var up = await stage.UpAsync();
        await up.HostedAsync();
        await stage.DoAsync("project", "add", repository.Path, "--key", "WRD", "--push-back", "true");
        await stage.DoAsync("agent", "add", "shell", "--executor", "command", "--", "./agent.sh");
        var asked = await stage.RunAsync("ask", "Write", "the", "first", "words");
        Assert.Equal(1, asked.Code);
        Assert.Contains("G-1 is kept and waits (provider down)", asked.Output, StringComparison.Ordinal);

        await up.KillAsync();
        model.Down = false;
        var again = await stage.UpAsync();
        await again.HostedAsync();
        await UntilAsync(again, "G-1", GoalState.WaitingApproval);
        Assert.Contains("2 tasks in 2 waves", await stage.DoAsync("goal", "show", "G-1"), StringComparison.Ordinal);
        await again.KillAsync();

        var third = await stage.UpAsync();
        await third.HostedAsync();
        Assert.Contains("0 of 2 tasks done", await stage.DoAsync("goal", "approve", "G-1"), StringComparison.Ordinal);
        await stage.DoAsync("goal", "approve", "G-1");
        await UntilAsync(third, "G-1", GoalState.Done);

        // All of it in one go, as a script would.
        var done = JsonDocument.Parse(await stage.DoAsync("ask", "and the last word", "--yes", "--wait", "--json")).RootElement;
        Assert.Equal(("G-2", GoalState.Done), (done.GetProperty("key").GetString(), done.GetProperty("state").GetString()));
        await Until.HoldsAsync(async () =>
        {
            var list = await repository.GitAsync("show", "trunk:list.txt");
            return (list == "alpha\nbravo\nomega", list);
        }, Patience);
        Assert.Equal(3, (await third.Client.ListTasksAsync(project: "WRD", status: TaskState.Done)).Items.Count);
        // One question for each plan, whatever died in between.
        Assert.Equal(2, model.Journal.Entries.Count(entry => entry is { Request: not null, Outcome: "answered" }));
    }

    private static async Task UntilAsync(RunningMuster muster, string key, string state)
    {
        await Until.HoldsAsync(async () =>
        {
            var goal = await muster.Client.GetGoalAsync(key);
            return (goal.State == state, $"{goal.State} {goal.Waiting} {goal.WaitingDetail}\n{goal.Report}");
        }, Patience);
    }

    private static string Plan(params string[] words) => ScriptedPlan.Of("WRD", "Word by word.", "The list holds the words",
        words.Select((word, i) => new ScriptedTask(word, $"Write {word} into the list.") { After = i == 0 ? [] : [i] }));
}
