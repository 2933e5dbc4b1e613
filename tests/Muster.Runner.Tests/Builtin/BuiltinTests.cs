using System.Text.Json;
using Muster.Conformance.Models;
using Muster.Runner.Executors;

namespace Muster.Runner.Tests.Builtin;

/// <summary>The built-in agent on a real repository, with a scripted model behind the real protocol.</summary>
public sealed class BuiltinTests
{
    private const string Greeting = "namespace Greet;\n\npublic static class Greeting\n{\n    public static string Hello => \"hello\";\n}\n";

    [Fact]
    [Trait("req", "B6")]
    public async Task It_reads_edits_runs_commits_reports_and_hands_in()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(
            new ScriptedTurn { Text = "I look at the greeting first.", Calls = [ScriptedCall.Of("search", new { pattern = "Hello" }), ScriptedCall.Of("read", new { path = "src/Greeting.cs" })] },
            ScriptedTurn.Call("edit", new { path = "src/Greeting.cs", old = "\"hello\"", @new = "\"good day\"" }),
            ScriptedTurn.Call("shell", new { command = "grep -c 'good day' src/Greeting.cs" }),
            ScriptedTurn.Call("git", new { action = "commit", message = "Greets politely" }),
            ScriptedTurn.Call("progress", new { percent = 90 }),
            ScriptedTurn.Call("finish", new { summary = "The greeting is polite.", unsure = new[] { "Whether it should be translated." } })), ("src/Greeting.cs", Greeting));

        var result = await stage.RunAsync();

        Assert.Equal(Ending.Ready, result.Ending);
        Assert.StartsWith("The greeting is polite.", result.Summary, StringComparison.Ordinal);
        Assert.Contains("Whether it should be translated.", result.Summary, StringComparison.Ordinal);
        Assert.Contains("`grep -c 'good day' src/Greeting.cs` exited with code 0", result.Summary, StringComparison.Ordinal);
        Assert.Contains("good day", await File.ReadAllTextAsync(Path.Combine(stage.Folder, "src/Greeting.cs")), StringComparison.Ordinal);
        Assert.Equal("Greets politely", await stage.Workspace.Worktree.RunAsync(["log", "-1", "--format=%s"], default));
        Assert.Equal([90], stage.Seen.Progress);
        Assert.All(stage.Model.Journal.Calls, call => Assert.Equal(ScriptedJournal.Mask(BuiltinStage.Key), call.Key));
        Assert.All(stage.Model.Journal.Calls, call => Assert.Equal("/llm/openai/v1/chat/completions", call.Path));
        Assert.Contains("src/Greeting.cs:5:", stage.Model.Journal.Calls[1].Request!.ToolResults[0].Text, StringComparison.Ordinal);
        Assert.Contains("5\t    public static string Hello", stage.Model.Journal.Calls[1].Request!.ToolResults[1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_said_and_done_is_in_the_log_as_it_happens_and_kept_as_JSON_lines()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(
            new ScriptedTurn { Text = "First line.\nSecond line.", Thinking = "hm", Calls = [ScriptedCall.Of("read", new { path = "README.md" })] },
            ScriptedTurn.Call("finish", new { summary = "Read." })));

        await stage.RunAsync();

        Assert.Contains("First line.\nSecond line.\n> read {\"path\":\"README.md\"}\n| 1\thello\n", stage.Log, StringComparison.Ordinal);
        var entries = stage.Transcript.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var kinds = entries.Select(entry => entry.GetProperty("kind").GetString()).ToList();
        Assert.Equal(["note", "opening", "step", "answer", "call", "result", "step", "answer", "call", "result", "end"], kinds);
        var answer = entries[3];
        Assert.Equal("hm", answer.GetProperty("thought").GetString());
        Assert.Equal(stage.Model.Journal.Calls[0].Billed.Out, answer.GetProperty("tokensOut").GetInt64());
        Assert.Equal(stage.Model.Journal.Billed.In, entries[^1].GetProperty("tokensIn").GetInt64());
    }
}
