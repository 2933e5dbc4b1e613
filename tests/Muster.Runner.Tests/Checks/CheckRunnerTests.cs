using Muster.Contracts.Delivery;
using Muster.Runner.Checks;
using Muster.Runner.Git;
using Muster.Runner.Processes;

namespace Muster.Runner.Tests.Checks;

public sealed class CheckRunnerTests : IDisposable
{
    private readonly TempFolder _data = new();
    private readonly string _marker = $"test-{Guid.NewGuid():n}";

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task A_check_runs_at_exactly_its_commit_untouched_by_what_others_left()
    {
        using var plane = await TestRepository.CreateAsync(("version.txt", "1\n"));
        var sha = await plane.HeadAsync();
        await plane.CommitAsync("next", ("version.txt", "2\n"));

        var dirty = await RunAsync(plane, sha, "echo rubbish > left.txt; echo 3 > version.txt; cat version.txt");
        var clean = await RunAsync(plane, sha, "test ! -e left.txt && cat version.txt && git rev-parse HEAD && echo CI=$CI", job: "job-2");

        Assert.Equal(JobState.Passed, dirty.Outcome);
        Assert.Equal(JobState.Passed, clean.Outcome);
        Assert.Equal($"1\n{sha}\nCI=true\n", clean.Output);
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(_data.Path, "checks")));
    }

    [Fact]
    public async Task A_check_cut_short_by_a_crash_can_be_run_again()
    {
        using var plane = await TestRepository.CreateAsync();
        var sha = await plane.HeadAsync();
        await RunAsync(plane, sha, "true");
        // As git leaves it when it is killed in the middle of making a worktree.
        var half = Directory.CreateDirectory(Path.Combine(_data.Path, "repos", "project-1.git", "worktrees", "job-1")).FullName;
        await File.WriteAllTextAsync(Path.Combine(half, "locked"), "initializing");
        await File.WriteAllTextAsync(Path.Combine(half, "gitdir"), Path.Combine(_data.Path, "checks", "job-1", ".git"));
        await File.WriteAllTextAsync(Path.Combine(half, "HEAD"), sha);
        await File.WriteAllTextAsync(Path.Combine(half, "commondir"), "../..");

        var again = await RunAsync(plane, sha, "git rev-parse HEAD");

        Assert.Equal($"{sha}\n", again.Output);
    }

    [Fact]
    public async Task A_red_check_says_its_last_lines()
    {
        using var plane = await TestRepository.CreateAsync();
        var result = await RunAsync(plane, await plane.HeadAsync(), "echo '3 of 4 failed'; exit 1");
        Assert.Equal(JobState.Failed, result.Outcome);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("The command exited with code 1: 3 of 4 failed", result.Detail);
    }

    [Fact]
    public async Task A_check_that_takes_too_long_is_ended_with_all_it_started()
    {
        using var plane = await TestRepository.CreateAsync();
        using var proof = new TempFolder();
        var result = await RunAsync(plane, await plane.HeadAsync(), $"setsid sleep 600 & echo $! > {proof.Path}/escaped; sleep 600 & echo $! > {proof.Path}/child; wait", timeout: 1);

        Assert.Equal(JobState.Failed, result.Outcome);
        Assert.StartsWith("It took longer than 1 s", result.Detail, StringComparison.Ordinal);
        foreach (var name in new[] { "escaped", "child" })
        {
            var pid = int.Parse(await File.ReadAllTextAsync(Path.Combine(proof.Path, name)));
            await Until.TrueAsync(() => !Until.Alive(pid), $"{name} is gone");
        }
    }

    [Theory]
    [InlineData("frobnicate --all", 127, "tool missing: frobnicate. Install it")]
    [InlineData("./plain.txt", 126, "tool missing: ./plain.txt is there but cannot be executed")]
    public async Task A_missing_tool_says_nothing_about_the_commit(string command, int code, string detail)
    {
        using var plane = await TestRepository.CreateAsync(("plain.txt", "x\n"));
        var result = await RunAsync(plane, await plane.HeadAsync(), command);
        Assert.Equal(JobState.Error, result.Outcome);
        Assert.Equal(code, result.ExitCode);
        Assert.StartsWith(detail, result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_that_is_not_there_is_an_error_of_the_host()
    {
        using var plane = await TestRepository.CreateAsync();
        var result = await RunAsync(plane, new string('d', 40), "true");
        Assert.Equal(JobState.Error, result.Outcome);
        Assert.StartsWith("The commit could not be brought here", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endless_output_is_kept_within_its_limit()
    {
        using var plane = await TestRepository.CreateAsync();
        var result = await RunAsync(plane, await plane.HeadAsync(), "echo first; seq 1 2000000; echo last");
        Assert.Equal(JobState.Passed, result.Outcome);
        Assert.InRange(result.Output.Length, 1_000_000, 2_200_000);
        Assert.StartsWith("first\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("last\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("characters left out", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_lease_ends_the_check_at_once()
    {
        using var plane = await TestRepository.CreateAsync();
        using var proof = new TempFolder();
        using var lost = new CancellationTokenSource();
        var running = RunAsync(plane, await plane.HeadAsync(), $"echo $$ > {proof.Path}/p; mv {proof.Path}/p {proof.Path}/pid; sleep 600; true", cancellation: lost.Token);
        await Until.TrueAsync(() => File.Exists(Path.Combine(proof.Path, "pid")), "the check runs");

        await lost.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(MarkedProcesses.Find(_marker));
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(_data.Path, "checks")));
    }

    private Task<CheckResult> RunAsync(TestRepository plane, string sha, string command, int timeout = 120, string job = "job-1", CancellationToken cancellation = default) =>
        new CheckRunner(new HostFolders(_data.Path), _marker).RunAsync(
            new CheckRequest
            {
                JobId = job,
                ProjectId = "project-1",
                Sha = sha,
                Remote = new GitRemote(plane.Bare),
                Check = new CheckDefinition { Name = "test", Command = command, TimeoutSeconds = timeout, Required = true, Evidence = "test" },
            },
            cancellation);
}
