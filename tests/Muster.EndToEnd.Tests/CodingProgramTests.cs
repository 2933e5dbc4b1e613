using System.Text.Json;
using Muster.Conformance.Models;
using Muster.Contracts.Work;
using Muster.Runner.Tests.Profiles;

namespace Muster.EndToEnd.Tests;

/// <summary>
/// Everything at once and for real but the model's mind: <c>muster ask</c>, the Chief of Staff, the plane's gateway, Claude Code,
/// Codex, OpenCode and Gemini CLI unmodified, a repository of somebody else with its own tests, the merge queue, the ledger.
/// </summary>
public sealed class CodingProgramTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);
    private static readonly string[] Titles = ["Write the first chapter", "Write the second chapter", "Write the third chapter", "Write the zeroth chapter"];
    private static readonly string[] Roles = ["backend-engineer", "frontend-engineer", "technical-writer", "devops-engineer"];

    [Fact]
    [Trait("req", "B5")]
    [Trait("req", "B7")]
    public async Task A_sentence_becomes_merged_work_by_unmodified_programs_behind_the_gateway()
    {
        string[] programs = [CodingPrograms.Require("claude"), CodingPrograms.Require("codex"), CodingPrograms.Require("opencode"), CodingPrograms.Require("gemini")];
        await using var model = await ScriptedModel.StartAsync(Answer);
        await using var stage = new Stage();
        Directory.CreateDirectory(stage.Data);
        await File.WriteAllTextAsync(Path.Combine(stage.Data, "models.yaml"),
            $$"""
            providers:
              house: { kind: openai, server: "{{model.Address}}v1", protocols: [chat, responses] }
              claude: { kind: anthropic, server: "{{model.Address}}", keyVariable: CLAUDE_HOUSE_KEY }
            routes:
              smart: [house/scripted-1]
              fast: [house/scripted-1]
              deep: [claude/scripted-2]
            """, TestContext.Current.CancellationToken);
        stage.Environment["CLAUDE_HOUSE_KEY"] = ProviderKey;
        var muster = await stage.UpAsync();
        await muster.HostedAsync();
        var repository = await Repository.CreateAsync(stage["somebodys"]);
        await stage.DoAsync("agent", "add", "ada", "--executor", "claude-code", "--model", "deep", "--role", Roles[0], "--", programs[0]);
        await stage.DoAsync("agent", "add", "ben", "--executor", "codex", "--role", Roles[1], "--", programs[1]);
        await stage.DoAsync("agent", "add", "cleo", "--executor", "opencode", "--role", Roles[2], "--", programs[2]);
        await stage.DoAsync("agent", "add", "dora", "--executor", "gemini", "--model", "deep", "--role", Roles[3], "--", programs[3]);
        await stage.DoAsync("project", "add", repository.Path, "--key", "SOM", "--push-back", "true");

        var goal = JsonDocument.Parse(await stage.DoAsync("ask", "Write a book in three chapters", "--project", "SOM", "--yes", "--wait", "--json")).RootElement;

        Assert.Equal("done", goal.GetProperty("state").GetString());
        var tasks = (await muster.Client.ListTasksAsync(project: "SOM", status: TaskState.Done)).Items;
        Assert.Equal(Titles, tasks.Select(t => t.Title).Order(StringComparer.Ordinal));
        Assert.Equal(["ada", "ben", "cleo", "dora"], (await muster.Client.ListAssignmentsAsync()).Items.Select(a => a.Agent).Order(StringComparer.Ordinal));
        await Until.HoldsAsync(async () =>
        {
            var words = await repository.GitAsync("ls-tree", "--name-only", "trunk", "words/");
            return (words == "words/.keep\nwords/first\nwords/second\nwords/third\nwords/zeroth", words);
        }, Patience);

        // The ledger says what the provider's own journal says, and whose it was.
        var usage = (await muster.Client.ListModelUsageAsync(limit: 500)).Items;
        Assert.Equal((model.Journal.Billed.In, model.Journal.Billed.Out), (usage.Sum(u => u.TokensIn), usage.Sum(u => u.TokensOut)));
        Assert.Equal(tasks.Select(t => t.Id).Append("the chief's").Order(StringComparer.Ordinal), usage.Select(u => u.TaskId ?? "the chief's").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        // Each program spoke its own protocol, Gemini CLI's translated, and the provider saw its own key and never a lease.
        var spoken = model.Journal.Calls.Where(c => c.Request!.Tools.Count > 0).Select(c => c.Request!.Protocol).Distinct();
        Assert.Equal([ScriptedProtocol.Chat, ScriptedProtocol.Responses, ScriptedProtocol.Messages], spoken.Order());
        Assert.All(model.Journal.Calls, c => Assert.Contains(c.Key, (string[])["", ScriptedJournal.Mask(ProviderKey)]));
        var logs = await Task.WhenAll(tasks.Select(async t => (await muster.Client.GetTaskLogAsync(t.Key)).Text));
        Assert.All(logs, log => Assert.Contains("> words/", log, StringComparison.Ordinal));
        Assert.DoesNotContain("mls_", string.Concat(logs) + string.Concat(model.Journal.Calls.Select(c => c.Request!.Body.ToJsonString())), StringComparison.Ordinal);
    }

    private static string ProviderKey => "key-of-the-" + "house-4711";

    // A mind of few words: a plan for the Chief of Staff, commands for whoever has tools, a word for the rest.
    private static ScriptedTurn Answer(ScriptedRequest request)
    {
        if (request.Body.ContainsKey("response_format")) return ScriptedTurn.Say(Plan());
        var at = Array.FindIndex(Titles, title => request.Text.Contains(title, StringComparison.Ordinal));
        if (at < 0) return ScriptedTurn.Say("Nothing to do.");
        var word = Titles[at].Split(' ')[2];
        return ScriptedScripts.Shell($"Wrote {word}.", $"echo {word} > words/{word}", "sh ./check.sh && echo it holds")(request);
    }

    private static string Plan() => ScriptedPlan.Of("SOM", "Chapter by chapter.", "There is a book",
        Titles.Select((title, i) => new ScriptedTask(title, "A file of its own with its word in it.") { Role = Roles[i] }));
}
