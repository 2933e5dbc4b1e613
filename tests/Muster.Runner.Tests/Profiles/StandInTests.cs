using Muster.Conformance.Models;
using Muster.Runner.Executors;

namespace Muster.Runner.Tests.Profiles;

/// <summary>Programs that cannot be had here, by what their makers document: a stand-in that notes how it is called and writes as they write.</summary>
public sealed class StandInTests : IAsyncLifetime
{
    private readonly TempFolder _programs = new();
    private ProfileRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await ProfileRig.CreateAsync(ScriptedScripts.Shell("unused"));

    public async ValueTask DisposeAsync()
    {
        Environment.SetEnvironmentVariable("GEMINI_API_KEY", null);
        await _rig.DisposeAsync();
        _programs.Dispose();
    }

    [Fact]
    public async Task Aider_is_called_without_a_person_and_its_edits_are_handed_in()
    {
        var result = await RunAsync("aider", """
            echo "$@" > args.txt; env > env.txt
            while [ "$1" != --message-file ]; do shift; done; cp "$2" prompt.txt
            echo "Aider v0.86.1"; echo "Applied edit to health.txt"; echo fine > health.txt
            echo "Tokens: 4.3k sent, 210 received. Cost: $0.01 message, $0.01 session."; echo; echo "I added the endpoint."; echo "Not tested."
            """);

        Assert.True(result.Ending == Ending.Ready, result.Reason);
        Assert.Equal("I added the endpoint.\nNot tested.", result.Summary);
        Assert.Contains("Aider used 0 tools and counted 4300 tokens in, 0 cached, 210 out", _rig.Log);
        Assert.Contains("Add \"health\" $(endpoint)", Written("prompt.txt"), StringComparison.Ordinal);
        var arguments = Written("args.txt");
        foreach (var expected in new[] { "--model openai/smart", "--yes-always", "--no-auto-commits", "--no-check-update", "--no-analytics" }) Assert.Contains(expected, arguments, StringComparison.Ordinal);
        var environment = Written("env.txt");
        Assert.Matches(@"OPENAI_API_BASE=http://127\.0\.0\.1:\d+/llm/openai/v1\n", environment);
        Assert.Matches("OPENAI_API_KEY=muster-[0-9a-f]{48}\n", environment);
        Assert.DoesNotContain(ProfileRig.Lease, environment + arguments, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Geminis_stream_becomes_log_progress_and_summary_and_its_key_is_in_none()
    {
        var result = await RunAsync("gemini", """
            cat > /dev/null
            echo '{"type":"init","session_id":"x","model":"gemini-pro"}'
            echo '{"type":"tool_use","tool_name":"write_todos","tool_id":"1","parameters":{"todos":[{"description":"a","status":"completed"},{"description":"b","status":"pending"}]}}'
            echo '{"type":"tool_result","tool_id":"1","status":"success","output":"the key is '$GEMINI_API_KEY'"}'
            echo '{"type":"message","role":"assistant","content":"All ","delta":true}'
            echo '{"type":"message","role":"assistant","content":"done.","delta":true}'
            echo '{"type":"result","status":"success","stats":{"total_tokens":12,"input_tokens":9,"output_tokens":3,"cached":4}}'
            """);
        Assert.True(result.Ending == Ending.Ready, result.Reason);
        Assert.Equal("All done.", result.Summary);
        Assert.Equal([50], _rig.Progress);
        Assert.Contains("Gemini CLI used 1 tools and counted 5 tokens in, 4 cached, 3 out", _rig.Log);
        Assert.DoesNotMatch("muster-[0-9a-f]{48}", _rig.AllLog);
    }

    [Fact]
    public async Task Half_a_character_in_what_a_program_prints_is_no_end_of_its_attempt()
    {
        var result = await RunAsync("claude-code", """
            cat > /dev/null
            printf '%s\n' '{"type":"user","message":{"content":[{"type":"tool_result","content":"a\ud83d"}]}}' '{"type":"user","\udc00":1}'
            head -c 300000 /dev/zero | tr '\0' x; echo
            printf '%s\n' '{"type":"result","subtype":"success","is_error":false,"result":"It is done \ud83d","usage":{}}'
            """);
        Assert.True(result.Ending == Ending.Ready, result.Reason);
        Assert.Equal("It is done \ufffd", result.Summary);
    }

    [Fact]
    public async Task A_program_that_says_it_cannot_fails_the_attempt_with_its_reason()
    {
        var result = await RunAsync("claude-code", """echo '{"type":"result","subtype":"success","is_error":false,"result":"CANNOT: the task contradicts itself","usage":{}}'""");
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Equal("the task contradicts itself", result.Reason);
    }

    [Theory]
    [InlineData("echo 'no JSON at all'; echo '{\"type\":'; echo '[1]'; echo '{}'; exit 1", "Claude Code exited with code 1")]
    [InlineData("echo bad arguments >&2; exit 2", "Claude Code exited with code 2: bad arguments")]
    [InlineData("echo '{\"type\":\"result\",\"subtype\":\"error_max_turns\",\"is_error\":true}'", "Claude Code did not finish: It ended with error_max_turns.")]
    [InlineData("head -c 30000000 /dev/zero | tr '\\\\0' x; echo; exit 3", "Claude Code exited with code 3")]
    public async Task Output_that_is_not_as_expected_does_no_harm(string script, string reason)
    {
        var result = await RunAsync("claude-code", script);
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Equal(reason, result.Reason);
        Assert.True(_rig.AllLog.Length < 20_000);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named_with_how_to_get_it()
    {
        var result = await _rig.RunAsync("codex", "/nowhere/codex", sandboxed: false);
        Assert.Contains("/nowhere/codex", result.Reason, StringComparison.Ordinal);
        Assert.EndsWith("Codex: npm install --global @openai/codex", result.Reason, StringComparison.Ordinal);
    }

    private Task<ExecutionResult> RunAsync(string executor, string script)
    {
        var path = _programs.File("program", $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return _rig.RunAsync(executor, path, sandboxed: false);
    }

    private string Written(string name) => File.ReadAllText(Path.Combine(_rig.Workspace.Path, name));
}
