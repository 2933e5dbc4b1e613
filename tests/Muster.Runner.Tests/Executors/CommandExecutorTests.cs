using System.Text.Json;
using Muster.Contracts.Fleet;
using Muster.Runner.Executors;

namespace Muster.Runner.Tests.Executors;

public sealed class CommandExecutorTests : IDisposable
{
    private readonly Attempts _attempts = new();

    public void Dispose() => _attempts.Dispose();

    [Fact]
    public async Task The_program_gets_the_task_as_JSON_on_standard_input_and_runs_in_the_worktree()
    {
        var result = await RunAsync("cat > task.json; pwd > where.txt", epoch: 2);

        Assert.Equal(Ending.Ready, result.Ending);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(InFolder("task.json")));
        Assert.Equal("FLT-12", json.RootElement.GetProperty("task").GetProperty("key").GetString());
        Assert.Equal(2, json.RootElement.GetProperty("attempt").GetInt32());
        Assert.Equal("check_failed", json.RootElement.GetProperty("previous").GetProperty("outcome").GetString());
        Assert.Equal("main", json.RootElement.GetProperty("git").GetProperty("targetBranch").GetString());
        Assert.Equal("ada", json.RootElement.GetProperty("assignment").GetProperty("agent").GetString());
        Assert.Equal(_attempts.Folder, (await File.ReadAllTextAsync(InFolder("where.txt"))).Trim());
    }

    [Fact]
    public async Task The_program_gets_the_task_in_its_environment_as_data()
    {
        await RunAsync("env -0 > env.bin", epoch: 2);
        var environment = (await File.ReadAllTextAsync(InFolder("env.bin"))).Split('\0').Select(entry => entry.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1]);

        Assert.Equal("FLT-12", environment["MUSTER_TASK"]);
        Assert.Equal("Add \"health\" $(endpoint)", environment["MUSTER_TASK_TITLE"]);
        Assert.Equal("first line\nsecond line", environment["MUSTER_TASK_DESCRIPTION"]);
        Assert.Equal("2", environment["MUSTER_ATTEMPT"]);
        Assert.Equal("ada", environment["MUSTER_AGENT"]);
        Assert.Equal("agent/ada/flt-12-x", environment["MUSTER_BRANCH"]);
        Assert.Equal("main", environment["MUSTER_TARGET"]);
        Assert.Equal("check_failed", environment["MUSTER_PREVIOUS_OUTCOME"]);
        Assert.Equal("test is red", environment["MUSTER_PREVIOUS_REASON"]);
        Assert.Equal(new string('b', 40), environment["MUSTER_PREVIOUS_HEAD"]);
        Assert.Equal("", environment["MUSTER_PREVIOUS_WIP"]);
        Assert.Equal("extra", environment["EXTRA"]);
    }

    [Fact]
    public async Task No_credential_of_ours_reaches_the_program()
    {
        Environment.SetEnvironmentVariable("MUSTER_TOKEN", "mst_secret");
        Environment.SetEnvironmentVariable("GITHUB_TOKEN", "ghp_secret");
        Environment.SetEnvironmentVariable("GIT_CONFIG_PARAMETERS", "'http.extraheader=secret'");
        try
        {
            await RunAsync("env > env.txt; cat > stdin.txt");
        }
        finally
        {
            foreach (var name in new[] { "MUSTER_TOKEN", "GITHUB_TOKEN", "GIT_CONFIG_PARAMETERS" }) Environment.SetEnvironmentVariable(name, null);
        }

        var seen = await File.ReadAllTextAsync(InFolder("env.txt")) + await File.ReadAllTextAsync(InFolder("stdin.txt"));
        Assert.DoesNotContain("secret", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("mst_", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("mls_", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_result_file_says_more_than_the_exit_code()
    {
        var result = await RunAsync("""
            echo '{"summary":"Added it","spentHours":1.5,"progress":90,"evidence":[{"kind":"research","reference":"https://example.invalid"}]}' > "$MUSTER_RESULT"
            """);
        Assert.Equal(Ending.Ready, result.Ending);
        Assert.Equal("Added it", result.Summary);
        Assert.Equal(1.5, result.SpentHours);
        Assert.Equal("research", Assert.Single(result.Evidence!).Kind);
        Assert.Equal([90], _attempts.Progress);
    }

    [Fact]
    public async Task A_pipe_in_place_of_the_result_file_is_not_waited_for()
    {
        var result = await RunAsync("""rm -f "$MUSTER_RESULT"; mkfifo "$MUSTER_RESULT" """).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Contains("is not a regular file", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_in_the_result_file_says_whether_trying_again_can_help()
    {
        var result = await RunAsync("""echo '{"failure":{"reason":"cannot be done","retry":false}}' > "$MUSTER_RESULT"; exit 1""");
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Equal("cannot be done", result.Reason);
        Assert.False(result.Retry);
    }

    [Fact]
    public async Task A_result_file_with_a_misspelt_field_is_refused_by_name()
    {
        var result = await RunAsync("""echo '{"sumary":"x"}' > "$MUSTER_RESULT" """);
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Contains("sumary", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exit_75_hands_the_task_back_without_blame()
    {
        var result = await RunAsync("echo busy; exit 75");
        Assert.Equal(Ending.Released, result.Ending);
        Assert.Contains("busy", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_exit_code_fails_with_the_last_lines()
    {
        var result = await RunAsync("echo one; echo two >&2; exit 4");
        Assert.Equal(Ending.Failed, result.Ending);
        // Output and error are two pipes: which line is heard first, nobody promises.
        Assert.Contains(result.Reason, (string[])["The program exited with code 4: one\ntwo", "The program exited with code 4: two\none"]);
        Assert.True(result.Retry);
    }

    [Fact]
    public async Task A_line_of_a_megabyte_is_cut_and_does_no_harm()
    {
        var result = await RunAsync("head -c 1048576 /dev/zero | tr '\\0' x; echo; echo after");
        Assert.Equal(Ending.Ready, result.Ending);
        Assert.Equal(2, _attempts.Log.Count);
        Assert.All(_attempts.Log, line => Assert.True(line.Length < 20_000));
        Assert.Equal("after", _attempts.Log.Last());
    }

    [Fact]
    public async Task A_program_that_takes_too_long_is_ended_and_the_attempt_fails()
    {
        var result = await RunAsync("echo started; sleep 600", timeout: 1);
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Equal("It took longer than 1 s and was ended. started", result.Reason);
    }

    [Fact]
    public async Task Cancelling_kills_the_program_and_what_it_started_at_once()
    {
        using var cancel = new CancellationTokenSource();
        var running = RunAsync("setsid sleep 600 & echo $! > pid.txt; mv pid.txt pid; wait", cancellation: cancel.Token);
        await Until.TrueAsync(() => File.Exists(InFolder("pid")), "the program has started");
        var pid = int.Parse(await File.ReadAllTextAsync(InFolder("pid")));

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Until.TrueAsync(() => !Until.Alive(pid), "the escaped child is gone");
    }

    [Fact]
    public async Task A_missing_program_is_a_failure_that_names_it()
    {
        var definition = new AgentDefinition { Executor = "command", Command = ["no-such-agent"] };
        var result = await new CommandExecutor(definition).RunAsync(_attempts.Make(definition), default);
        Assert.Equal("Program 'no-such-agent' is not in PATH. Install it, or give its full path.", result.Reason);
    }

    [Fact]
    public void An_unknown_executor_is_refused_with_those_that_are_known()
    {
        var error = Assert.Throws<ExecutorException>(() => ExecutorCatalog.Create(new AgentDefinition { Executor = "magic" }, TimeProvider.System));
        Assert.Equal("There is no executor 'magic'. Known: builtin, claude-code, codex, opencode, gemini, aider, acp, command, rehearsal, program.", error.Message);
        Assert.Throws<ExecutorException>(() => ExecutorCatalog.Create(new AgentDefinition { Executor = "command" }, TimeProvider.System));
    }

    private string InFolder(string name) => Path.Combine(_attempts.Folder, name);

    private Task<ExecutionResult> RunAsync(string script, int epoch = 1, int? timeout = null, CancellationToken cancellation = default)
    {
        var definition = new AgentDefinition
        {
            Executor = "command",
            Command = ["sh", "-c", script],
            TimeoutSeconds = timeout,
            Environment = new Dictionary<string, string> { ["EXTRA"] = "extra" },
        };
        return ExecutorCatalog.Create(definition, TimeProvider.System).RunAsync(_attempts.Make(definition, epoch), cancellation);
    }
}
