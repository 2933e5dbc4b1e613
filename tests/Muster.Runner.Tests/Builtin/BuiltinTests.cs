using System.Text.Json;
using Muster.Conformance.Models;
using Muster.Runner.Builtin;
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

    [Fact]
    [Trait("req", "B6")]
    public async Task A_killed_attempt_is_gone_on_with_where_it_stopped()
    {
        await using var stage = await BuiltinStage.StartAsync(request => (request.Text.Contains("previous_attempt", StringComparison.Ordinal), request.Turn) switch
        {
            (false, 0) => ScriptedTurn.Call("write", new { path = "first.txt", content = "first\n" }),
            (false, 1) => ScriptedTurn.Call("git", new { action = "commit", message = "The first part" }),
            (false, _) => ScriptedTurn.Call("shell", new { command = "echo begun > second.txt; sleep 600", timeout = 900 }),
            (true, 0) => ScriptedTurn.Call("shell", new { command = "cat first.txt second.txt" }),
            _ => ScriptedTurn.Call("finish", new { summary = "The second half." }),
        });
        using var kill = new CancellationTokenSource();
        var first = stage.RunAsync(kill.Token);
        await Until.TrueAsync(() => File.Exists(Path.Combine(stage.Folder, "second.txt")), "the first attempt is in its last step");
        await kill.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var wip = await stage.Workspace.SaveAsync(default);

        await stage.NextAttemptAsync("died", wip!);
        var result = await stage.RunAsync();

        Assert.Equal(Ending.Ready, result.Ending);
        var last = stage.Model.Journal.Calls[^1].Request!;
        Assert.StartsWith("first\nbegun", last.ToolResults.Single().Text, StringComparison.Ordinal);
        Assert.Contains("its process died", last.Text, StringComparison.Ordinal);
        Assert.Contains("The first part", await stage.Workspace.Worktree.RunAsync(["log", "--format=%s"], default), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("req", "A7")]
    public async Task Tools_of_a_source_are_offered_called_and_bounded()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(
            new ScriptedTurn { Calls = [ScriptedCall.Of("wiki__find", new { text = "x" }), ScriptedCall.Of("read", new { path = "README.md" })] },
            ScriptedTurn.Call("finish", new { summary = "done" })));
        var source = new EchoSource(["wiki__find", "read"]);
        stage.Sources.Add(source);
        stage.Sources.Add(new EchoSource([]) { Gone = true });

        await stage.RunAsync();

        var results = stage.Model.Journal.Calls[1].Request!.ToolResults;
        Assert.StartsWith("wiki__find {\"text\":\"x\"} [redacted]", results[0].Text, StringComparison.Ordinal);
        Assert.InRange(results[0].Text.Length, ToolResult.MaxCharacters, ToolResult.MaxCharacters + 200);
        Assert.StartsWith("1\thello", results[1].Text, StringComparison.Ordinal);
        Assert.Contains("the tool read of echo is left out", stage.Log, StringComparison.Ordinal);
        Assert.Contains("the tools of echo are not to be had: it is gone", stage.Log, StringComparison.Ordinal);
        Assert.True(source.Closed);
    }

    [Fact]
    public async Task Every_tool_has_a_schema_and_edits_keep_line_ends_and_modes()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(
            ScriptedTurn.Call("shell", new { command = "printf 'one\\r\\ntwo\\r\\n' > dos.txt; printf '#!/bin/sh\\n' > run.sh; chmod 755 run.sh" }),
            new ScriptedTurn
            {
                Calls =
                [
                    ScriptedCall.Of("edit", new { path = "dos.txt", old = "one\ntwo", @new = "one\nthree" }),
                    ScriptedCall.Of("edit", new { path = "run.sh", old = "#!/bin/sh", @new = "#!/bin/bash" }),
                    ScriptedCall.Of("patch", new { patch = "--- a/README.md\n+++ b/README.md\n@@ -1,1 +1,2 @@\n hello\n+world\n--- /dev/null\n+++ b/new/file.txt\n@@ -0,0 +1 @@\n+made\n" }),
                    ScriptedCall.Of("edit", new { path = "README.md", old = "nothing like it", @new = "x" }),
                    ScriptedCall.Of("list", new { }),
                    ScriptedCall.Of("search", new { pattern = "wor(ld|k)", glob = "*.md" }),
                ],
            },
            ScriptedTurn.Call("finish", new { summary = "done" })));

        await stage.RunAsync();

        Assert.Equal("one\r\nthree\r\n", await File.ReadAllTextAsync(Path.Combine(stage.Folder, "dos.txt")));
        Assert.True(File.GetUnixFileMode(Path.Combine(stage.Folder, "run.sh")).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal("hello\nworld\n", await File.ReadAllTextAsync(Path.Combine(stage.Folder, "README.md")));
        Assert.Equal("made\n", await File.ReadAllTextAsync(Path.Combine(stage.Folder, "new/file.txt")));
        var results = stage.Model.Journal.Calls[2].Request!.ToolResults.Select(result => result.Text).ToList();
        Assert.StartsWith("FAILED: 'README.md' does not hold that text", results[3], StringComparison.Ordinal);
        Assert.Equal("README.md\ndos.txt\nnew/file.txt\nrun.sh", results[4]);
        Assert.Equal("README.md:2:world\n", results[5]);
        Assert.All(stage.Model.Journal.Calls[0].Request!.Tools, tool => Assert.Equal("object", tool.Schema!["type"]!.GetValue<string>()));
    }

    private sealed class EchoSource(IReadOnlyList<string> tools) : IToolSource, IToolSession
    {
        public bool Gone { get; init; }
        public bool Closed { get; private set; }
        public string Name => "echo";

        public IReadOnlyList<ToolDeclaration> Tools => [.. tools.Select(tool => new ToolDeclaration(tool, "Echoes.", JsonSerializer.SerializeToElement(new { type = "object" })))];

        public Task<IToolSession> OpenAsync(Attempt attempt, CancellationToken cancellation) => Gone ? throw new ToolSourceException("it is gone") : Task.FromResult<IToolSession>(this);

        public Task<ToolResult> CallAsync(string tool, JsonElement arguments, CancellationToken cancellation) =>
            Task.FromResult(new ToolResult($"{tool} {arguments.GetRawText()} {BuiltinStage.Key} {new string('x', 100_000)}"));

        public ValueTask DisposeAsync()
        {
            Closed = true;
            return ValueTask.CompletedTask;
        }
    }
}
