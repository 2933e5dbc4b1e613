using System.Globalization;
using Muster.Conformance.Models;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Runner.Builtin.Guards;
using Muster.Runner.Executors;
using Muster.Runner.Tests.Executors;

namespace Muster.Runner.Tests.Builtin;

/// <summary>What ends an attempt, and what does not.</summary>
public sealed class EndingTests
{
    private static readonly ScriptedTurn Finish = ScriptedTurn.Call("finish", new { summary = "done" });

    [Theory]
    [InlineData("budget", 402, "budget", "budget")]
    [InlineData("provider_down", 503, "provider_down", "provider_down")]
    [InlineData("models_off", 503, "models_off", "provider_down")]
    [InlineData("lease_lost", 401, "lease_lost", null)]
    [Trait("req", "D14")]
    public async Task A_refusal_of_the_gateway_hands_the_task_back_with_its_work_committed(string code, int status, string reason, string? waitFor)
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(ScriptedTurn.Call("write", new { path = "half.txt", content = "half\n" }), Finish));
        stage.Model.Fault = request => request.Turn == 0 ? null : new ScriptedFault { Status = status, Message = "no more", Headers = new Dictionary<string, string> { ["Muster-Problem"] = code } };

        var result = await stage.RunAsync();

        Assert.Equal(Ending.Released, result.Ending);
        Assert.StartsWith(reason + ": no more", result.Reason, StringComparison.Ordinal);
        Assert.Equal(waitFor, result.WaitFor);
        Assert.Equal(2, stage.Model.Journal.Calls.Count);
        Assert.Equal("half", await stage.Workspace.Worktree.RunAsync(["show", "HEAD:half.txt"], default));
    }

    [Fact]
    [Trait("req", "B7")]
    public async Task A_misspelt_argument_does_nothing_and_the_model_is_told_what_there_is()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(ScriptedTurn.Call("finish", new { summary = "half", unsur = new[] { "everything" } }), Finish));

        var result = await stage.RunAsync();

        Assert.Equal("done", result.Summary);
        Assert.Contains("is unknown. finish takes summary, unsure, lesson.", stage.Model.Journal.Calls[1].Request!.Body.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("garbage")]
    [InlineData("503")]
    [InlineData("429")]
    [InlineData("abort")]
    [Trait("req", "B7")]
    public async Task A_broken_answer_is_asked_for_again_with_the_same_words_and_nothing_restarts(string kind)
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(
            ScriptedTurn.Call("shell", new { command = "echo once >> count.txt" }),
            new ScriptedTurn { Text = "A longer sentence that can be cut in the middle of it.", Calls = [ScriptedCall.Of("shell", new { command = "echo twice >> count.txt" })] },
            Finish));
        stage.Model.Fault = request => request.Number is 2 or 3 ? kind switch
        {
            "cut" => ScriptedFault.Cut(300),
            "garbage" => ScriptedFault.Garbage,
            "503" => ScriptedFault.Unavailable,
            "429" => ScriptedFault.RateLimited("0"),
            _ => ScriptedFault.Aborted,
        } : null;

        var result = await stage.RunAsync();

        Assert.Equal(Ending.Ready, result.Ending);
        Assert.Equal("once\ntwice\n", await File.ReadAllTextAsync(Path.Combine(stage.Folder, "count.txt")));
        var bodies = stage.Model.Journal.Calls.Where(call => call.Request!.Turn == 1).Select(call => call.Request!.Body.ToJsonString()).ToList();
        Assert.Equal(3, bodies.Count);
        Assert.Single(bodies.Distinct());
        Assert.Contains("asked for again", stage.Log, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("req", "B7")]
    public async Task A_gateway_that_never_answers_well_hands_the_task_back()
    {
        await using var stage = await BuiltinStage.StartAsync(_ => Finish);
        stage.Model.Fault = _ => ScriptedFault.Cut(40);
        var result = await stage.RunAsync();
        Assert.Equal((Ending.Released, WaitingCodes.ProviderDown), (result.Ending, result.WaitFor));
        Assert.Equal(stage.Limits.Patience.Tries, stage.Model.Journal.Calls.Count);
    }

    [Fact]
    [Trait("req", "B6")]
    public async Task The_same_call_for_ever_is_warned_of_then_ended()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.EndlessCalls("read", new { path = "README.md" }));
        var result = await stage.RunAsync();
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Contains("the same call with the same result 6 times", result.Reason, StringComparison.Ordinal);
        Assert.Equal(6, stage.Model.Journal.Calls.Count);
        Assert.Contains("[runner] This is the same call", stage.Model.Journal.Calls[^1].Request!.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("req", "B6")]
    public async Task Endless_calls_that_differ_end_at_the_limit_of_steps()
    {
        await using var stage = await BuiltinStage.StartAsync(request => ScriptedTurn.Call("shell", new { command = $"echo {request.Number}" }));
        stage.Limits = stage.Limits with { Steps = 9 };
        var result = await stage.RunAsync();
        Assert.Equal("It did not finish within 9 steps.", result.Reason);
        Assert.Equal(9, stage.Model.Journal.Calls.Count);
    }

    [Fact]
    [Trait("req", "D14")]
    public async Task Tokens_of_an_attempt_have_a_limit()
    {
        await using var stage = await BuiltinStage.StartAsync(request => ScriptedTurn.Call("shell", new { command = $"echo {request.Number}" }));
        stage.Limits = stage.Limits with { Tokens = 4000 };
        var result = await stage.RunAsync();
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Contains("the limit of an attempt", result.Reason, StringComparison.Ordinal);
        Assert.InRange(stage.Model.Journal.Calls.Count, 1, 4);
    }

    [Fact]
    [Trait("req", "B6")]
    public async Task Arguments_that_are_no_JSON_are_told_then_the_attempt_fails()
    {
        await using var stage = await BuiltinStage.StartAsync(_ => new ScriptedTurn { Calls = [new ScriptedCall("write", "{\"path\": \"a.txt\", \"content\": \"unfinished")] });
        var result = await stage.RunAsync();
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Contains("could not be read 6 times in a row", result.Reason, StringComparison.Ordinal);
        var told = stage.Model.Journal.Calls[1].Request!;
        Assert.StartsWith("FAILED: The arguments are not an object of JSON", told.ToolResults.Single().Text, StringComparison.Ordinal);
        // A provider that checks would refuse a conversation with broken JSON in it.
        Assert.Equal("{}", told.Messages.Single(message => message.Role == "assistant").Calls.Single().Arguments);
        Assert.False(File.Exists(Path.Combine(stage.Folder, "a.txt")));
    }

    [Fact]
    [Trait("req", "B6")]
    public async Task Of_a_hundred_calls_at_once_only_some_are_carried_out()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(
            new ScriptedTurn { Calls = [.. Enumerable.Range(0, 40).Select(index => ScriptedCall.Of("write", new { path = $"f{index}.txt", content = "x" }))] }, Finish));
        await stage.RunAsync();
        Assert.Equal(stage.Limits.CallsPerStep, Directory.EnumerateFiles(stage.Folder, "f*.txt").Count());
        Assert.Equal(40, stage.Model.Journal.Calls[1].Request!.ToolResults.Count);
    }

    [Fact]
    public async Task Text_without_a_call_is_answered_then_taken_as_the_end()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(ScriptedTurn.Call("write", new { path = "a.txt", content = "a" }), ScriptedTurn.Say("I am done with it.")));
        var result = await stage.RunAsync();
        Assert.Equal(Ending.Ready, result.Ending);
        Assert.Contains("did not hand in by itself", result.Summary, StringComparison.Ordinal);

        await using var idle = await BuiltinStage.StartAsync(_ => ScriptedTurn.Say("Sure!"));
        Assert.Equal("The model answered 3 times without calling a tool, and did nothing.", (await idle.RunAsync()).Reason);
    }

    [Fact]
    [Trait("req", "B5")]
    public async Task A_question_waits_for_its_answer_without_a_model()
    {
        await using var stage = await BuiltinStage.StartAsync(request => request.Text.Contains("Take the blue one", StringComparison.Ordinal)
            ? Finish
            : ScriptedTurn.Call("ask", new { question = "Which colour?", choices = new[] { "red", "blue" }, @default = "red" }));

        var first = await stage.RunAsync();
        Assert.Equal((Ending.Released, WaitingCodes.Approval, "question: Which colour?"), (first.Ending, first.WaitFor, first.Reason));
        Assert.Contains("- red\n- blue\nWithout an answer I would: red", stage.Seen.Comments.Single().Text, StringComparison.Ordinal);

        var calls = stage.Model.Journal.Calls.Count;
        Assert.Equal("question: Which colour?", (await stage.RunAsync()).Reason);
        Assert.Equal(calls, stage.Model.Journal.Calls.Count);

        stage.Seen.Comments.Enqueue(Attempts.Comment("person", "Take the blue one"));
        Assert.Equal(Ending.Ready, (await stage.RunAsync()).Ending);
    }

    [Fact]
    [Trait("req", "A9")]
    public async Task Evidence_that_is_not_in_the_repository_is_handed_in_with_the_rest()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(
            new ScriptedTurn { Calls = [ScriptedCall.Of("evidence", new { kind = "citation", reference = "https://example.invalid/rfc", detail = "section 3" }), ScriptedCall.Of("evidence", new { kind = "hearsay", reference = "x" })] },
            Finish));
        var result = await stage.RunAsync();
        Assert.Equal(("citation", "https://example.invalid/rfc", "section 3"), result.Evidence!.Select(claim => (claim.Kind, claim.Reference, claim.Detail!)).Single());
        Assert.StartsWith("FAILED: Evidence is one of", stage.Model.Journal.Calls[1].Request!.ToolResults[1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_without_a_repository_is_worked_on_in_a_plain_folder()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(
            ScriptedTurn.Call("write", new { path = "notes/report.md", content = "# Found\nnothing\n" }),
            new ScriptedTurn { Calls = [ScriptedCall.Of("list", new { }), ScriptedCall.Of("search", new { pattern = "noth" }), ScriptedCall.Of("artifact", new { name = "report.md", path = "notes/report.md" }), ScriptedCall.Of("shell", new { command = "ls notes" })] },
            Finish));
        using var plain = new TempFolder();
        stage.Adjust = attempt => attempt with { Git = null, Folder = plain.Path, CommitAsync = (_, _) => Task.FromResult(false) };

        Assert.Equal(Ending.Ready, (await stage.RunAsync()).Ending);

        var results = stage.Model.Journal.Calls[2].Request!.ToolResults.Select(result => result.Text).ToList();
        Assert.Equal(["notes/report.md", "notes/report.md:2:nothing\n", "Stored 'report.md' (16 bytes).", "report.md\n\nThe command exited with code 0."], results);
        Assert.Equal("# Found\nnothing\n", stage.Seen.Artifacts["report.md"]);
        Assert.False(stage.Model.Journal.Calls[0].Request!.Offers("git"));
    }

    [Fact]
    public async Task Giving_up_says_whether_another_attempt_may_help()
    {
        await using var stage = await BuiltinStage.StartAsync(_ => ScriptedTurn.Call("give_up", new { reason = "The file to change is not there.", retry = false }));
        var result = await stage.RunAsync();
        Assert.Equal((Ending.Failed, false, "The agent gave up: The file to change is not there."), (result.Ending, result.Retry, result.Reason));
    }

    [Fact]
    public async Task A_host_without_a_sandbox_is_refused_where_one_is_asked_for_and_said_otherwise()
    {
        await using var stage = await BuiltinStage.StartAsync(ScriptedScripts.Turns(ScriptedTurn.Call("shell", new { command = "echo works" }), Finish));
        stage.Sandbox = _ => Task.FromResult(Muster.Runner.Sandbox.CommandSandbox.Without("the test says so"));
        Assert.Equal(Ending.Ready, (await stage.RunAsync()).Ending);
        Assert.Contains("WITHOUT a sandbox, with the rights of the user that runs the host: the test says so", stage.Log, StringComparison.Ordinal);
        Assert.Contains("| works", stage.Log, StringComparison.Ordinal);

        var calls = stage.Model.Journal.Calls.Count;
        stage.Definition = stage.Definition with { Sandbox = new SandboxRules { Required = true } };
        Assert.Equal(Ending.Released, (await stage.RunAsync()).Ending);
        Assert.Equal(calls, stage.Model.Journal.Calls.Count);
    }

    [Fact]
    public async Task A_long_conversation_is_shortened_and_the_task_stays_in_it()
    {
        var text = string.Join('\n', Enumerable.Range(0, 400).Select(line => $"line {line.ToString(CultureInfo.InvariantCulture)} of a long file that fills the conversation"));
        await using var stage = await BuiltinStage.StartAsync(
            request => request.Tools.Count == 0 ? ScriptedTurn.Say("SUMMARY-OF-EARLIER: read a lot.")
                : request.Turn < 30 ? ScriptedTurn.Call("read", new { path = "long.txt", offset = request.Turn + 1, limit = 200 }) : Finish, ("long.txt", text));
        stage.Limits = stage.Limits with { ContextTokens = 12_000 };

        var result = await stage.RunAsync();

        Assert.Equal(Ending.Ready, result.Ending);
        var last = stage.Model.Journal.Calls[^1].Request!;
        Assert.Contains("Add \"health\" $(endpoint)", last.Text, StringComparison.Ordinal);
        Assert.Contains("SUMMARY-OF-EARLIER", last.Text, StringComparison.Ordinal);
        Assert.Contains("cut to save room", last.Text, StringComparison.Ordinal);
        Assert.All(stage.Model.Journal.Calls, call => Assert.InRange(call.Request!.Body.ToJsonString().Length, 0, 12_000 * 4 * 2));
        // Each call has its result, as the protocol asks.
        Assert.All(stage.Model.Journal.Calls, call => Assert.Equal(
            call.Request!.Messages.SelectMany(message => message.Calls).Select(made => made.Id),
            call.Request!.Messages.Where(message => message.Role == "tool").Select(message => message.CallId!)));
    }

    [Fact]
    public async Task Time_ends_an_attempt_and_what_it_runs_and_cancellation_too()
    {
        await using var stage = await BuiltinStage.StartAsync(_ => ScriptedTurn.Call("shell", new { command = "echo up > started; sleep 600", timeout = 900 }));
        using var stop = new CancellationTokenSource();
        var running = stage.RunAsync(stop.Token);
        await Until.TrueAsync(() => File.Exists(Path.Combine(stage.Folder, "started")), "the command runs");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(Muster.Runner.Processes.MarkedProcesses.Find(stage.Seen.Marker));
        Assert.Contains("\"kind\":\"call\"", stage.Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guard_forgets_repetitions_once_something_has_changed()
    {
        var guard = new LoopGuard(new GuardLimits { Repeats = 4 });
        Verdict Same(int steps) => guard.Observe("read a", "text", readable: true, failed: false, steps);
        Assert.Equal([null, "warn", null], new[] { Same(0), Same(0), Same(0) }.Select(verdict => verdict.Warning is null ? verdict.End : "warn"));
        Assert.Equal(Verdict.Fine, Same(1));
        Assert.NotNull(Same(1).Warning);
        Assert.Equal(Verdict.Fine, Same(1));
        Assert.Equal("it made the same call with the same result 4 times", Same(1).End);
    }
}
