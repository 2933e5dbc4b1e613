using System.Text.Json;
using Muster.Conformance.Models;
using Muster.Contracts.Events;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;
using Muster.Runner.Tests.Profiles;

namespace Muster.EndToEnd.Tests;

/// <summary>
/// A tool invented, tested, approved and used by another agent in the same run: the real program, its plane, its host with the real
/// sandbox, two built-in agents, and a provider whose model is scripted. Needs bubblewrap and python3.
/// </summary>
public sealed class ToolMakingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    [Trait("req", "B6")]
    public async Task A_tool_invented_by_one_agent_is_tested_approved_and_used_by_another()
    {
        var approved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var model = await ScriptedModel.StartAsync(request => IsClaude(request) ? Claude(request) : Invents(request) ? Inventor(request) : User(request));
        // The other agent is held in the middle of its attempt until the person has approved the second tool.
        model.Fault = request => !Invents(request) && !IsClaude(request) && request.Turn == 2 && !approved.Task.IsCompleted ? ScriptedFault.HoldAt(0, approved.Task) : null;
        await using var stage = new Stage();
        var muster = await UpAsync(stage, model);
        await stage.DoAsync("project", "add", "--key", "MAK", "--name", "Making");
        await stage.DoAsync("agent", "add", "seed", "--executor", "builtin", "--role", "seed", "--model", "smart");
        await stage.DoAsync("agent", "add", "ada", "--executor", "builtin", "--role", "customer-support", "--model", "smart");
        await stage.DoAsync("task", "add", "Invent what is missing", "--project", "MAK", "--role", "seed");
        await stage.DoAsync("task", "add", "Count them all", "--project", "MAK", "--role", "customer-support", "--after", "MAK-1");

        // The first tool asks for nothing: its first version failed its own test, the second passed and is approved by itself.
        await StateAsync(muster, "MAK-1", TaskState.Done);
        var versions = (await muster.Client.ListToolVersionsAsync("word-count")).Items;
        Assert.Equal([(2, ToolStates.Approved), (1, ToolStates.Draft)], versions.Select(version => (version.Version, version.Status)));
        Assert.Equal(("seed", "MAK-1", "policy"), (versions[0].CreatedBy, versions[0].TaskKey, versions[0].ApprovedBy));
        Assert.All(versions[0].Results!, result => Assert.True(result.Passed, result.Detail));

        // The second wants to read the workspace: a person says yes to its hash, while the other agent is at work and waits for it.
        await Until.HoldsAsync(async () => (model.Journal.Calls.Any(call => call.Request is { Turn: 2 } request && !Invents(request)), await TellAsync(muster, "MAK-2")), Patience);
        Assert.Equal(["word-count"], (await muster.Client.ListOfferedToolsAsync()).Select(tool => tool.Name));
        var shown = JsonDocument.Parse(await stage.DoAsync("tool", "show", "line-count", "--json")).RootElement;
        Assert.Equal(ToolStates.Tested, shown.GetProperty("status").GetString());
        await stage.DoAsync("tool", "approve", "line-count", "--hash", shown.GetProperty("hash").GetString()!, "-m", "I read it");
        approved.SetResult();

        await StateAsync(muster, "MAK-2", TaskState.Done);
        foreach (var (tool, version) in ((string, int)[])[("word-count", 2), ("line-count", 1)])
        {
            var call = Assert.Single((await muster.Client.ListToolCallsAsync(tool)).Items);
            Assert.Equal(("ada", "MAK-2", ToolOutcomes.Ok, version), (call.Caller, call.TaskKey, call.Outcome, call.Version));
            Assert.NotNull(call.EndedAt);
        }

        Assert.Equal("I counted: {\"words\":3} {\"lines\":2}", (await muster.Client.ListAssignmentsAsync(task: "MAK-2")).Items[0].Summary!.Split('\n')[0].Replace("\": ", "\":", StringComparison.Ordinal));
        Assert.Contains("ok", await stage.DoAsync("tool", "log", "word-count"), StringComparison.Ordinal);
        var events = (await muster.Client.ListEventsAsync(filter: new Muster.Client.EventFilter { Types = ["tool.*"] }, limit: 500)).Items.Select(one => one.Type).ToList();
        Assert.Equal(2, events.Count(type => type == EventTypes.ToolApproved));

        // Who has no sandbox at hand: a host runs it.
        Assert.Contains("\"words\":2", (await stage.DoAsync("tool", "run", "word-count", "--input", "{\"text\":\"a b\"}")).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);

        // A program of others has it too, through the attempt's MCP server.
        await stage.DoAsync("agent", "add", "cleo", "--executor", "claude-code", "--role", "technical-writer", "--model", "smart", "--", CodingPrograms.Require("claude"));
        await stage.DoAsync("task", "add", "Count it once more", "--project", "MAK", "--role", "technical-writer");
        await StateAsync(muster, "MAK-3", TaskState.Done);
        Assert.Contains("\"words\":4", (await muster.Client.ListAssignmentsAsync(task: "MAK-3")).Items[0].Summary!.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Single((await muster.Client.ListToolCallsAsync("word-count")).Items, call => call is { Caller: "cleo", TaskKey: "MAK-3", Outcome: ToolOutcomes.Ok });
        await stage.DoAsync("tool", "retire", "word-count", "-m", "the run is over");
        Assert.DoesNotContain(await muster.Client.ListOfferedToolsAsync(), tool => tool.Name == "word-count");
    }

    private static ScriptedTurn Inventor(ScriptedRequest request) => request.Turn switch
    {
        0 => ScriptedTurn.Call("propose_tool", WordCount("len(text)")),
        1 => Last(request).Contains("FAILED", StringComparison.Ordinal) ? ScriptedTurn.Call("propose_tool", WordCount("len(text.split())")) : ScriptedTurn.Say("The test did not fail."),
        2 => Last(request).Contains("is approved", StringComparison.Ordinal)
            ? ScriptedTurn.Call("propose_tool", new
            {
                name = "line-count",
                description = "Counts the lines of a file of the workspace.",
                language = "shell",
                inputSchema = new { type = "object", properties = new { path = new { type = "string" } }, required = new[] { "path" } },
                outputSchema = new { type = "object", properties = new { lines = new { type = "integer" } }, required = new[] { "lines" } },
                permissions = new { files = "read" },
                source = "path=$(sed 's/.*\"path\" *: *\"\\([^\"]*\\)\".*/\\1/')\n[ -f \"$path\" ] || { echo \"no such file\" >&2; exit 1; }\nprintf '{\"lines\":%d}' \"$(wc -l < \"$path\")\"\n",
                tests = new object[]
                {
                    new { name = "two", input = new { path = "a.txt" }, output = new { lines = 2 }, files = new Dictionary<string, string> { ["a.txt"] = "a\nb\n" } },
                    new { name = "none", input = new { path = "b.txt" }, fails = "no such file" },
                },
            })
            : ScriptedTurn.Say("It was not approved."),
        3 => ScriptedTurn.Call("finish", new { summary = "There are two tools now." }),
        _ => ScriptedScripts.Nothing,
    };

    private static ScriptedTurn User(ScriptedRequest request) => request.Turn switch
    {
        0 => ScriptedTurn.Call("write", new { path = "text.txt", content = "one two\nthree\n" }),
        1 => ScriptedTurn.Call("fleet__word-count", new { text = "one two three" }),
        2 => ScriptedTurn.Call("list", new { }),
        3 => request.Offers("fleet__line-count") ? ScriptedTurn.Call("fleet__line-count", new { path = "text.txt" }) : ScriptedTurn.Call("give_up", new { reason = "The second tool is not offered." }),
        4 => ScriptedTurn.Call("finish", new { summary = "I counted: " + string.Join(' ', request.Messages.Where(message => message.Role == "tool" && message.Text.StartsWith('{')).Select(message => message.Text)) }),
        _ => ScriptedScripts.Nothing,
    };

    private static ScriptedTurn Claude(ScriptedRequest request) =>
        request.ToolResults.Count > 0 ? ScriptedTurn.Say("Counted: " + Last(request))
        : request.Tools.FirstOrDefault(tool => tool.Name.EndsWith("fleet__word-count", StringComparison.Ordinal)) is { } count ? ScriptedTurn.Call(count.Name, new { text = "a b c d" })
        : ScriptedTurn.Say("There is no such tool.");

    private static bool IsClaude(ScriptedRequest request) => request.Text.Contains("Count it once more", StringComparison.Ordinal);

    private static bool Invents(ScriptedRequest request) => !request.Text.Contains("Count them all", StringComparison.Ordinal);

    private static string Last(ScriptedRequest request) => string.Join('\n', request.ToolResults.Select(result => result.Text));

    private static object WordCount(string count) => new
    {
        name = "word-count",
        description = "Counts the words of a text.",
        language = "python",
        inputSchema = new { type = "object", properties = new { text = new { type = "string" } }, required = new[] { "text" }, additionalProperties = false },
        outputSchema = new { type = "object", properties = new { words = new { type = "integer" } }, required = new[] { "words" } },
        source = $"import json, sys\ntext = json.load(sys.stdin)['text']\nprint(json.dumps({{'words': {count}}}))\n",
        tests = new object[] { new { name = "three", input = new { text = "one two  three" }, output = new { words = 3 } }, new { name = "no text", input = new { }, fails = "lacks 'text'" } },
    };

    private static async Task<RunningMuster> UpAsync(Stage stage, ScriptedModel model)
    {
        await model.ServeAsync(stage.Data);
        return await stage.UpAsync();
    }

    private static async Task<string> TellAsync(RunningMuster muster, string key)
    {
        var task = await muster.Client.GetTaskAsync(key);
        return $"{task.Status}: {task.LastReason} {string.Join(", ", task.WaitingOn.Select(reason => reason.Detail))}\n{(await muster.Client.GetTaskLogAsync(key)).Text}";
    }

    private static Task StateAsync(RunningMuster muster, string key, string state) => Until.HoldsAsync(async () =>
    {
        var task = await muster.Client.GetTaskAsync(key);
        Assert.False(task.Status is TaskState.Failed or TaskState.Quarantined, $"{task.Status}: {task.LastReason}");
        return (task.Status == state, $"{task.Status}: {task.LastReason} {string.Join(", ", task.WaitingOn.Select(reason => reason.Detail))}");
    }, Patience);
}
