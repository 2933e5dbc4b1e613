using System.Text.Json;
using Muster.Contracts.Fleet;
using Muster.Runner.Acp;
using Muster.Runner.Executors;
using Muster.Runner.Sandbox;
using Muster.Runner.Tests.Executors;

namespace Muster.Runner.Tests.Acp;

/// <summary>Programs that speak the protocol, well or badly, as scripts: what they ask for, and what they get.</summary>
public sealed class AcpTests : IDisposable
{
    private const string Hello = """
        read line; echo "$line" > initialize.json; echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":1,"agentInfo":{"name":"Fake","version":"3"}}}'
        read line; echo "$line" > session.json; echo '{"jsonrpc":"2.0","id":2,"result":{"sessionId":"s"}}'
        read line; echo "$line" > prompt.json
        """;

    private const string Bye = """echo '{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}'; cat > /dev/null""";

    private readonly Attempts _attempts = new();

    public void Dispose() => _attempts.Dispose();

    [Fact]
    public async Task A_session_is_begun_in_the_folder_and_its_updates_become_log_progress_and_summary()
    {
        var result = await RunAsync(Hello, Update("""{"sessionUpdate":"plan","entries":[{"content":"a","status":"completed"},{"content":"b","status":"pending"}]}"""),
            Update("""{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"Looking\naround"}}"""),
            Update("""{"sessionUpdate":"tool_call","toolCallId":"t","title":"bash","kind":"execute","status":"pending"}"""),
            Update("""{"sessionUpdate":"tool_call_update","toolCallId":"t","title":"make test","kind":"execute","status":"in_progress"}"""),
            Update("""{"sessionUpdate":"tool_call_update","toolCallId":"t","status":"completed","content":[{"type":"content","content":{"type":"text","text":"3 passed"}}]}"""),
            Update("""{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"All "}}"""), Update("""{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"done."}}"""),
            Update("""{"sessionUpdate":"something_new","x":1}"""),
            """echo '{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn","usage":{"inputTokens":10,"outputTokens":4}}}'; cat > /dev/null""");

        Assert.True(result.Ending == Ending.Ready, $"{result.Reason}\n{string.Join('\n', _attempts.Log)}");
        Assert.Equal("All done.", result.Summary);
        Assert.Equal([50], _attempts.Progress);
        Assert.Equal(["the program runs WITHOUT a sandbox, with the rights of the user that runs the host: tests of the protocol", "Fake 3", "Looking", "around", "> execute: make test", "  3 passed", "All done.", "The program used 1 tools and counted 10 tokens in, 0 cached, 4 out"], _attempts.Log);
        Assert.Equal(_attempts.Folder, Read("session.json").GetProperty("params").GetProperty("cwd").GetString());
        Assert.Contains("FLT-12", Read("prompt.json").GetProperty("params").GetProperty("prompt")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_are_the_programs_own_to_read_and_write_and_nothing_is_read_or_written_for_it()
    {
        using var outside = new TempFolder();
        var secret = outside.File("secret.txt", "canary");
        await File.WriteAllTextAsync(In("a.txt"), "canary");
        await RunAsync($"mkfifo '{In("pipe")}'", Hello,
            Ask("fs/read_text_file", $$"""{"sessionId":"s","path":"{{In("a.txt")}}"}"""),
            Ask("fs/read_text_file", $$"""{"sessionId":"s","path":"{{secret}}"}"""),
            Ask("fs/read_text_file", $$"""{"sessionId":"s","path":"{{In("pipe")}}"}"""),
            Ask("fs/write_text_file", $$"""{"sessionId":"s","path":"{{In("b.txt")}}","content":"x"}"""),
            Ask("terminal/create", """{"sessionId":"s","command":"touch","args":["x"]}"""),
            Bye);

        var answers = Answers();
        Assert.Equal(5, answers.Count);
        Assert.All(answers, answer => Assert.True(answer.TryGetProperty("error", out _), answer.ToString()));
        Assert.DoesNotContain("canary", string.Join('\n', answers), StringComparison.Ordinal);
        Assert.False(File.Exists(In("b.txt")));
        Assert.False(Read("initialize.json").GetProperty("params").GetProperty("clientCapabilities").GetProperty("fs").GetProperty("readTextFile").GetBoolean());
    }

    [Fact]
    public async Task Half_a_character_in_an_update_is_no_end_of_the_session()
    {
        var result = await RunAsync(Hello, Update("""{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"cut \ud83d"}}"""),
            Update("""{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":" and whole \ud83d\ude00, and \\ud83d"}}"""), Bye);

        Assert.True(result.Ending == Ending.Ready, $"{result.Reason}\n{string.Join('\n', _attempts.Log)}");
        Assert.Equal("cut \ufffd and whole \ud83d\ude00, and \\ud83d", result.Summary);
    }

    [Theory]
    [InlineData("""{"kind":"edit","title":"Edit","locations":[{"path":"FOLDER/a.txt"}]}""", "yes")]
    [InlineData("""{"kind":"execute","title":"make","rawInput":{"command":"make","cwd":"FOLDER"}}""", "yes")]
    [InlineData("""{"kind":"edit","title":"Edit","locations":[{"path":"/etc/passwd"}]}""", "no")]
    [InlineData("""{"kind":"execute","title":"make","rawInput":{"command":"make","cwd":"/"}}""", "no")]
    [InlineData("""{"kind":"edit","title":"Edit","content":[{"type":"diff","path":"FOLDER/../x","newText":""}]}""", "no")]
    [InlineData("""{"kind":"read","title":"Read","rawInput":{"filePath":"FOLDER/.git/config"}}""", "no")]
    [InlineData("""{"kind":"fetch","title":"Fetch"}""", "no")]
    [InlineData("""{"kind":"switch_mode","title":"Mode"}""", "no")]
    public async Task Permission_is_given_for_what_stays_inside_the_folder(string call, string chosen)
    {
        call = call.Replace("FOLDER", _attempts.Folder, StringComparison.Ordinal);
        await RunAsync(Hello, Ask("session/request_permission",
            $$"""{"sessionId":"s","toolCall":{{call}},"options":[{"optionId":"for-ever","kind":"allow_always","name":"a"},{"optionId":"yes","kind":"allow_once","name":"a"},{"optionId":"no","kind":"reject_once","name":"r"}]}"""), Bye);
        Assert.Equal(chosen, Answers().Single().GetProperty("result").GetProperty("outcome").GetProperty("optionId").GetString());
    }

    [Theory]
    [InlineData("echo 'I am no agent'; echo '{\"jsonrpc\":'; cat > /dev/null", "It did not answer 'initialize' within 1 s.")]
    [InlineData("sleep 600", "It did not answer 'initialize' within 1 s.")]
    [InlineData("exit 7", "It exited with code 7 before it had answered.")]
    [InlineData("yes noise", "It wrote more than 200 lines that are no messages of the protocol.")]
    [InlineData("head -c 50000000 /dev/zero | tr '\\0' x; cat > /dev/null", "It did not answer 'initialize' within 1 s.")]
    [InlineData("read line; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":9}}'; cat > /dev/null", "It speaks version 9 of the Agent Client Protocol; we speak 1.")]
    [InlineData("read line; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"Not signed in\"}}'; cat > /dev/null", "Not signed in")]
    [InlineData("while true; do echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal/create\",\"params\":{}}'; done", "It does not read what it asked for.")]
    public async Task A_program_that_is_broken_or_hostile_ends_the_attempt_and_nothing_else(string script, string reason)
    {
        var result = await RunAsync(script);
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Equal($"sh: {reason}", result.Reason);
        Assert.True(_attempts.Log.Sum(line => line.Length) < 200_000);
    }

    [Fact]
    public async Task An_endless_turn_is_ended_by_the_attempts_time()
    {
        var result = await RunAsync(Hello, """while true; do echo '{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"usage_update"}}}'; done""");
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.StartsWith("It took longer than 10 s", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_kills_the_program_at_once()
    {
        using var cancel = new CancellationTokenSource();
        var running = RunAsync([Hello, "echo $$ > pid.txt; mv pid.txt pid; sleep 600"], cancel.Token);
        await Until.TrueAsync(() => running.IsCompleted || File.Exists(In("pid")), "the turn has begun");
        var pid = int.Parse(await File.ReadAllTextAsync(In("pid")));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Until.TrueAsync(() => !Until.Alive(pid), "the program is gone");
    }

    [Fact]
    public void A_definition_without_a_program_is_refused() =>
        Assert.Throws<ExecutorException>(() => ExecutorCatalog.Create(new AgentDefinition { Executor = "acp" }, TimeProvider.System));

    private static string Update(string update) => $$$"""printf '%s\n' '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{{{update}}}}}'""";

    private static string Ask(string method, string parameters) => $$"""printf '%s\n' '{"jsonrpc":"2.0","id":"q","method":"{{method}}","params":{{parameters}}}'; read answer; printf '%s\n' "$answer" >> answers.txt""";

    private string In(string name) => Path.Combine(_attempts.Folder, name);

    private JsonElement Read(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(In(name)));
        return json.RootElement.Clone();
    }

    private List<JsonElement> Answers() => [.. File.ReadAllLines(In("answers.txt")).Select(line => JsonDocument.Parse(line).RootElement.Clone())];

    private Task<ExecutionResult> RunAsync(params string[] lines) => RunAsync(lines, CancellationToken.None);

    private Task<ExecutionResult> RunAsync(string[] lines, CancellationToken cancellation)
    {
        var definition = new AgentDefinition { Executor = "acp", Command = ["sh", "-c", string.Join('\n', lines)], TimeoutSeconds = 10 };
        return new AcpExecutor(definition, TimeProvider.System, [], _ => Task.FromResult(CommandSandbox.Without("tests of the protocol")), lines[0] == Hello ? null : TimeSpan.FromSeconds(1)).RunAsync(_attempts.Make(definition) with { Git = null }, cancellation);
    }
}
