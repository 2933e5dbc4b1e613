using Muster.ControlPlane.Models.Calling;
using Muster.Integrations.ClaudeCode;
using Muster.Integrations.Codex;
using Muster.Integrations.ModelPrograms;

namespace Muster.Conformance.Models.Calling;

/// <summary>Claude Code and Codex as providers of answers: how what they print reads. The real ones are driven end to end in <c>NoKeyTests</c>.</summary>
[Trait("req", "B7")]
public sealed class ProgramProviderTests
{
    [Fact]
    public void An_answer_of_Claude_Code_is_read_with_its_tokens_and_its_model()
    {
        var reply = ClaudeCodeKind.Read(new ProgramAnswer(0,
            """{"type":"result","subtype":"success","is_error":false,"result":"It is done.","usage":{"input_tokens":3,"cache_creation_input_tokens":20,"cache_read_input_tokens":500,"output_tokens":7},"modelUsage":{"claude-x":{"inputTokens":3}}}""", ""));
        Assert.Equal(new ProgramReply(200, "It is done.", new TokenCounts(3, 7, 500, 20), "claude-x"), reply);
    }

    [Fact]
    public void The_last_message_of_Codex_is_its_answer()
    {
        var reply = CodexKind.Read(new ProgramAnswer(0,
            """
            {"type":"thread.started","thread_id":"1"}
            {"type":"item.completed","item":{"type":"agent_message","text":"I think."}}
            {"type":"item.completed","item":{"type":"agent_message","text":"It is done."}}
            {"type":"turn.completed","usage":{"input_tokens":40,"cached_input_tokens":30,"output_tokens":7}}
            {"type":"turn.comp
            """, ""));
        Assert.Equal(new ProgramReply(200, "It is done.", new TokenCounts(10, 7, 30)), reply);
    }

    [Fact]
    public void What_Codex_says_after_it_has_run_something_is_not_handed_on()
    {
        var reply = CodexKind.Read(new ProgramAnswer(0,
            """
            {"type":"item.started","item":{"type":"command_execution","command":"cat server.json"}}
            {"type":"item.completed","item":{"type":"agent_message","text":"The token is mst_secret."}}
            {"type":"turn.completed","usage":{"input_tokens":40,"output_tokens":7}}
            """, ""));
        Assert.Equal(502, reply.Status);
        Assert.Contains("command_execution", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("mst_secret", reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, """[{"name":"one","enabled":true},{"name":"two"}]""", "one two")]
    [InlineData(0, "[]", "")]
    [InlineData(0, "No servers.", null)]
    [InlineData(0, """[{"title":"one"}]""", null)]
    [InlineData(2, "[]", null)]
    public void The_servers_that_are_turned_off_are_those_that_Codex_lists(int code, string output, string? names)
    {
        var servers = CodexKind.ServersOf(new ProgramAnswer(code, output, ""));
        Assert.Equal(names, servers is null ? null : string.Join(' ', servers));
    }

    [Theory]
    [InlineData("""{"is_error":true,"result":"Not logged in · Please run /login"}""", "", 401)]
    [InlineData("""{"is_error":true,"result":"Claude AI usage limit reached|1790000000"}""", "", 429)]
    [InlineData("""{"is_error":true,"result":"Credit balance is too low"}""", "", 402)]
    [InlineData("""{"is_error":true,"result":"API Error: 500 something"}""", "", 502)]
    [InlineData("Segmentation fault", "", 502)]
    [InlineData("", "node: not found", 502)]
    public void What_goes_wrong_in_Claude_Code_has_the_status_a_server_would_have_answered_with(string output, string error, int status)
    {
        var reply = ClaudeCodeKind.Read(new ProgramAnswer(1, output, error));
        Assert.Equal(status, reply.Status);
        Assert.NotEmpty(reply.Text);
    }

    [Theory]
    [InlineData("""{"type":"turn.failed","error":{"message":"unexpected status 401 Unauthorized"}}""", 401)]
    [InlineData("""{"type":"error","message":"You've hit your usage limit."}""", 429)]
    [InlineData("", 502)]
    public void What_goes_wrong_in_Codex_too(string output, int status) => Assert.Equal(status, CodexKind.Read(new ProgramAnswer(1, output, "")).Status);

    [Fact]
    public void Without_the_program_or_its_sign_in_the_provider_is_left_out_and_says_what_to_do()
    {
        var folder = Directory.CreateTempSubdirectory("muster-programs-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "claude"), "");
            File.WriteAllText(Path.Combine(folder.FullName, "codex"), "");
            var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = folder.FullName, ["PATH"] = "/nowhere" };
            Assert.Contains("npm install --global @openai/codex", new CodexKind().WhyMissing(variables.GetValueOrDefault), StringComparison.Ordinal);
            Assert.Contains("npm install --global @anthropic-ai/claude-code", new ClaudeCodeKind().WhyMissing(variables.GetValueOrDefault), StringComparison.Ordinal);

            variables["PATH"] = $"/nowhere:{folder.FullName}";
            Assert.Contains("codex login", new CodexKind().WhyMissing(variables.GetValueOrDefault), StringComparison.Ordinal);
            variables["CODEX_API_KEY"] = "x";
            Assert.Null(new CodexKind().WhyMissing(variables.GetValueOrDefault));
            Directory.CreateDirectory(Path.Combine(folder.FullName, ".claude"));
            File.WriteAllText(Path.Combine(folder.FullName, ".claude", ".credentials.json"), "{}");
            Assert.Null(new ClaudeCodeKind().WhyMissing(variables.GetValueOrDefault));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_program_that_is_given_up_is_killed_with_all_it_started()
    {
        var folder = Directory.CreateTempSubdirectory("muster-programs-");
        try
        {
            var program = Path.Combine(folder.FullName, "slow");
            var mark = Path.Combine(folder.FullName, "pid");
            await File.WriteAllTextAsync(program, $"#!/bin/sh\nsleep 600 &\necho $! > {mark}.new; mv {mark}.new {mark}\nwait\n", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            using var stop = new CancellationTokenSource();
            var asking = new ModelProgram(program).AskAsync([], "question", stop.Token);
            await Servers.Until.HoldsAsync(() => File.Exists(mark), TimeSpan.FromSeconds(60));
            var child = int.Parse(await File.ReadAllTextAsync(mark, TestContext.Current.CancellationToken), System.Globalization.CultureInfo.InvariantCulture);

            await stop.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
            await Servers.Until.HoldsAsync(() => !File.Exists($"/proc/{child}/stat") || File.ReadAllText($"/proc/{child}/stat").Contains(") Z ", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
