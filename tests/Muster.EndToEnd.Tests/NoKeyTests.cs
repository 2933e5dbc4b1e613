using System.Text.Json;
using Muster.Conformance.Models;
using Muster.Contracts.Work;
using Muster.Runner.Tests.Profiles;

namespace Muster.EndToEnd.Tests;

/// <summary>
/// A person who has no key of any provider and is signed in to one coding program: it thinks for the Chief of Staff and does the work.
/// The program is the real one; a scripted model stands where its vendor is.
/// </summary>
public sealed class NoKeyTests
{
    private const string Title = "Write the only word";
    private const string Schema = "Answer with one JSON value that fits this schema";

    [Theory]
    [Trait("req", "B5")]
    [InlineData("claude-code", "claude")]
    [InlineData("codex", "codex")]
    public async Task A_sentence_becomes_merged_work_with_nothing_but_a_program_that_is_signed_in(string executor, string program)
    {
        var path = CodingPrograms.Require(program);
        await using var model = await ScriptedModel.StartAsync(Answer);
        await using var stage = new Stage();
        var key = "key-of-the-" + "person-4711";
        model.Keys = new HashSet<string> { key };
        Directory.CreateDirectory(stage["home"]);
        await SignInAsync(stage, program, model.Address, key);
        stage.Environment["PATH"] = $"{Path.GetDirectoryName(path)}:{Environment.GetEnvironmentVariable("PATH")}";
        foreach (var name in (string[])["OPENROUTER_API_KEY", "GROQ_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"]) stage.Environment[name] = "";
        var muster = await stage.UpAsync();
        await muster.HostedAsync();
        var repository = await Repository.CreateAsync(stage["code"]);
        await stage.DoAsync("project", "add", repository.Path, "--key", "ONE", "--push-back", "true");
        await stage.DoAsync("agent", "add", "ada", "--executor", executor, "--own-account");

        var goal = JsonDocument.Parse(await stage.DoAsync("ask", "Write a word", "--project", "ONE", "--yes", "--wait", "--json")).RootElement;

        Assert.Equal("done", goal.GetProperty("state").GetString());
        await Until.HoldsAsync(async () =>
        {
            var (_, output, error) = await repository.TryGitAsync(new Dictionary<string, string>(), "show", "trunk:words/only");
            return (output == "only", output + error);
        }, TimeSpan.FromMinutes(2));
        // Who thinks for the plane has no tool but one to ask the person who is not there: its words may come from anybody.
        var planned = model.Journal.Calls.Where(call => call.Request!.Text.Contains(Schema, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(planned);
        Assert.All(planned, call => Assert.DoesNotContain(call.Request!.Tools, tool => tool.Name != "request_user_input"));
        // Both are in the ledger, in tokens; whoever sold them is the program.
        var usage = (await muster.Client.ListModelUsageAsync(limit: 100)).Items.Where(used => used.Outcome == "ok").ToList();
        var task = (await muster.Client.ListTasksAsync(project: "ONE", status: TaskState.Done)).Items.Single();
        Assert.All(usage, used => Assert.Equal(executor, used.Provider));
        Assert.Equal([null, task.Id], usage.Select(used => used.TaskId).Order(StringComparer.Ordinal));
        Assert.All(usage, used => Assert.True(used.TokensIn > 0 && used.TokensOut > 0, $"{used}"));
    }

    private static async Task SignInAsync(Stage stage, string program, Uri server, string key)
    {
        stage.Environment["HOME"] = stage["home"];
        if (program == "claude")
        {
            Directory.CreateDirectory(stage["home/.claude"]);
            stage.Environment["ANTHROPIC_AUTH_TOKEN"] = key;
            stage.Environment["ANTHROPIC_BASE_URL"] = server.AbsoluteUri;
            return;
        }

        Directory.CreateDirectory(stage["home/.codex"]);
        await File.WriteAllTextAsync(stage["home/.codex/config.toml"],
            $"""
            model = "scripted"
            model_provider = "mine"

            [model_providers.mine]
            name = "Mine"
            base_url = "{server.AbsoluteUri}v1"
            wire_api = "responses"
            env_key = "CODEX_API_KEY"

            [mcp_servers.of-the-person]
            command = "cat"
            """);
        stage.Environment["CODEX_API_KEY"] = key;
    }

    private static ScriptedTurn Answer(ScriptedRequest request)
    {
        if (request.Text.Contains(Schema, StringComparison.Ordinal)) return ScriptedTurn.Say(Plan());
        return request.Text.Contains(Title, StringComparison.Ordinal) ? ScriptedScripts.Shell("Wrote it.", "echo only > words/only")(request) : ScriptedTurn.Say("Nothing to do.");
    }

    private static string Plan() => ScriptedPlan.Of("ONE", "One word.", "There is a word", [new ScriptedTask(Title, "A file of its own with its word in it.")]);
}
