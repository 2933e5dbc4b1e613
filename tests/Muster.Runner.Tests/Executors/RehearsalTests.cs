using Muster.Contracts.Fleet;
using Muster.Runner.Executors;

namespace Muster.Runner.Tests.Executors;

public sealed class RehearsalTests : IDisposable
{
    private const string Good = """
        rehearsal: 1
        tasks:
          - match: { issue: "1.1" }
            attempts:
              - steps:
                  - say: "Reading the service"
                  - wait: 1ms
                  - write:
                      path: src/health.txt
                      content: |
                        ok
                        two
                  - progress: 40
                  - commit: "Add health"
                  - delete: { path: old.txt }
                summary: First try
              - steps:
                  - replace: { path: src/health.txt, old: "ok", new: "fine" }
                summary: Second try
        """;

    private readonly Attempts _attempts = new();

    public void Dispose() => _attempts.Dispose();

    [Fact]
    public async Task A_recording_is_replayed_step_by_step()
    {
        await File.WriteAllTextAsync(Path.Combine(_attempts.Folder, "old.txt"), "old");
        var result = await ReplayAsync(Good);

        Assert.Equal(Ending.Ready, result.Ending);
        Assert.Equal("First try", result.Summary);
        Assert.Equal("ok\ntwo\n", await File.ReadAllTextAsync(Path.Combine(_attempts.Folder, "src/health.txt")));
        Assert.False(File.Exists(Path.Combine(_attempts.Folder, "old.txt")));
        Assert.Equal([40], _attempts.Progress);
        Assert.Equal(["Add health"], _attempts.Commits);
        Assert.Contains("Reading the service", _attempts.Log);
        Assert.StartsWith("rehearsal: ", _attempts.Log.First(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public async Task The_last_attempt_repeats(int epoch)
    {
        Directory.CreateDirectory(Path.Combine(_attempts.Folder, "src"));
        await File.WriteAllTextAsync(Path.Combine(_attempts.Folder, "src/health.txt"), "ok\n");
        var result = await ReplayAsync(Good, epoch);
        Assert.Equal("Second try", result.Summary);
        Assert.Equal("fine\n", await File.ReadAllTextAsync(Path.Combine(_attempts.Folder, "src/health.txt")));
    }

    [Fact]
    public async Task A_recording_that_does_not_fit_the_files_fails_with_its_line()
    {
        var result = await ReplayAsync(Good);
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Equal("The recording does not fit the files: line 15: there is no file 'old.txt'.", result.Reason);
    }

    [Fact]
    public async Task A_task_that_the_recording_does_not_know_fails_and_says_so()
    {
        var result = await ReplayAsync(Good.Replace("issue: \"1.1\"", "key: OTHER-1", StringComparison.Ordinal));
        Assert.Contains("has nothing for FLT-12", result.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../out.txt")]
    [InlineData("/tmp/muster-out.txt")]
    [InlineData("a/../../out.txt")]
    [InlineData(".git/hooks/pre-commit")]
    [InlineData("sub/.GIT/config")]
    [InlineData("a\\..\\..\\out.txt")]
    [InlineData("link/out.txt")]
    [InlineData("dangling")]
    public async Task A_path_that_leads_out_of_the_worktree_is_refused(string path)
    {
        using var outside = new TempFolder();
        Directory.CreateSymbolicLink(Path.Combine(_attempts.Folder, "link"), outside.Path);
        File.CreateSymbolicLink(Path.Combine(_attempts.Folder, "dangling"), Path.Combine(outside.Path, "out.txt"));
        var result = await ReplayAsync($$"""
            rehearsal: 1
            tasks:
              - match: { key: FLT-12 }
                attempts:
                  - steps:
                      - write: { path: '{{path}}', content: "x" }
            """);
        Assert.Equal(Ending.Failed, result.Ending);
        Assert.Contains("is refused", result.Reason, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside.Path));
    }

    [Fact]
    public void JSON_is_a_recording_too()
    {
        var recording = RecordingParser.Parse("""{"rehearsal":1,"tasks":[{"match":{"title":"x"},"attempts":[{"steps":[{"say":"hi"}],"fail":"on purpose"}]}]}""");
        Assert.Equal("on purpose", recording.Find("K-1", null, "X", 3)!.Fail);
    }

    [Fact]
    public void All_errors_are_reported_at_once_each_with_its_line()
    {
        var error = Assert.Throws<RecordingException>(() => RecordingParser.Parse("""
            rehearsal: 2
            tasks:
              - match: { nummer: "1.1" }
                attempts:
                  - steps:
                      - sing: la
                      - wait: 3 days
                      - progress: 140
                      - write: { content: x }
            """));
        Assert.Equal(
            """
            line 1: start with 'rehearsal: 1'.
            line 3: match has no 'nummer'; known: key, issue, title.
            line 3: say which task this is for: match: { issue: "1.1" }, or key, or title.
            line 6: there is no step 'sing'; known: say, wait, write, replace, delete, progress, commit.
            line 7: write a time such as 800ms, 2s or 1m, at most 10m.
            line 8: write progress as a whole number from 0 to 100.
            line 9: 'path' is missing.
            """, error.Message);
    }

    [Fact]
    public void What_is_not_YAML_is_refused_with_its_line()
    {
        var error = Assert.Throws<RecordingException>(() => RecordingParser.Parse("rehearsal: 1\ntasks: [\n"));
        Assert.StartsWith("line ", error.Message, StringComparison.Ordinal);
    }

    private async Task<ExecutionResult> ReplayAsync(string recording, int epoch = 1)
    {
        using var folder = new TempFolder();
        var definition = new AgentDefinition { Executor = "rehearsal", Recording = folder.File("recording.yaml", recording) };
        return await ExecutorCatalog.Create(definition, TimeProvider.System).RunAsync(_attempts.Make(definition, epoch), default);
    }
}
