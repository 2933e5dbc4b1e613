using Microsoft.Extensions.Logging.Abstractions;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Runner.Processes;
using Muster.Runner.Supervision;
using Muster.Runner.Tests.Executors;

namespace Muster.Runner.Tests.Supervision;

public sealed class HostDaemonTests : IAsyncLifetime
{
    private const string Lease = "mls_lease";

    private readonly TempFolder _data = new();
    private readonly CancellationTokenSource _stop = new();
    private StubPlane _plane = null!;
    private TestRepository _repository = null!;
    private HostDaemon? _daemon;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _plane = await StubPlane.StartAsync();
        _repository = await TestRepository.CreateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _daemon?.Dispose();
        await _plane.DisposeAsync();
        _repository.Dispose();
        _stop.Dispose();
        _data.Dispose();
    }

    [Fact]
    public async Task An_agents_program_does_a_task_and_its_work_is_pushed_and_handed_in()
    {
        Start("echo working; cat README.md; echo done > done.txt; echo '{\"summary\":\"Made it\"}' > $MUSTER_RESULT");
        _plane.Offer(await TaskAsync());

        var completed = await StubPlane.NextAsync(_plane.Completed);

        Assert.Equal("Made it", completed.Summary);
        Assert.Equal(completed.HeadSha, await _repository.InBareAsync("rev-parse", "refs/heads/agent/ada/flt-12-x"));
        Assert.Equal("done", await _repository.InBareAsync("show", $"{completed.HeadSha}:done.txt"));
        Assert.Contains("Muster-Agent: ada", await _repository.InBareAsync("log", "-1", "--format=%B", completed.HeadSha!), StringComparison.Ordinal);
        Assert.Contains("working\nhello\n", _plane.Logs.Values.Single(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.Combine(_data.Path, "work")));
        Assert.Contains(_plane.HostBeats, beat => beat.Agents is [{ State: "running", Deaths: 0 }]);
    }

    [Fact]
    public async Task No_change_is_a_failure_when_the_contract_asks_for_a_commit()
    {
        Start("true");
        _plane.Offer(await TaskAsync());
        var failed = await StubPlane.NextAsync(_plane.Failed);
        Assert.Equal("The agent made no change, and the task's contract asks for a commit.", failed.Reason);
        Assert.True(failed.Retry);
    }

    [Fact]
    public async Task A_failed_attempt_leaves_its_half_done_work_on_the_plane()
    {
        Start("echo half > half.txt; echo it broke; exit 1");
        _plane.Offer(await TaskAsync());
        Assert.Contains("it broke", (await StubPlane.NextAsync(_plane.Failed)).Reason, StringComparison.Ordinal);
        Assert.Equal("half", await _repository.InBareAsync("show", "refs/muster/wip/FLT-12/1:half.txt"));
        Assert.Empty(Directory.GetDirectories(Path.Combine(_data.Path, "work")));
    }

    [Fact]
    public async Task A_task_without_a_repository_runs_in_an_empty_folder()
    {
        Start("ls -A | wc -l; echo looked");
        _plane.Offer(await TaskAsync() with { Git = null });
        Assert.Null((await StubPlane.NextAsync(_plane.Completed)).HeadSha);
        Assert.Contains("0\nlooked", _plane.Logs.Values.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_lease_kills_the_program_at_once_and_the_work_is_kept_on_disk()
    {
        Start("echo half > half.txt; echo $$ > pid; sleep 600; true");
        _plane.Offer(await TaskAsync());
        var work = Path.Combine(_data.Path, "work", "FLT-12-1");
        await Until.TrueAsync(() => File.Exists(Path.Combine(work, "pid")) && new FileInfo(Path.Combine(work, "pid")).Length > 0, "the program works");
        var pid = int.Parse(await File.ReadAllTextAsync(Path.Combine(work, "pid")));

        _plane.LostLeases[Lease] = true;

        await Until.TrueAsync(() => !Until.Alive(pid), "the program is killed");
        await Until.TrueAsync(() => File.Exists(Path.Combine(_data.Path, "kept", "FLT-12-1.json")), "the note is written");
        Assert.Equal("half\n", await File.ReadAllTextAsync(Path.Combine(work, "half.txt")));
        Assert.DoesNotContain(_plane.Calls, call => call.EndsWith("/complete", StringComparison.Ordinal) || call.EndsWith("/release", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_agent_killed_with_9_is_reported_at_once_its_program_ended_and_it_is_started_again()
    {
        Start("echo $$ > pid; sleep 600; true");
        _plane.Offer(await TaskAsync());
        var note = Path.Combine(_data.Path, "kept", "FLT-12-1.json");
        var pidFile = Path.Combine(_data.Path, "work", "FLT-12-1", "pid");
        await Until.TrueAsync(() => File.Exists(pidFile) && new FileInfo(pidFile).Length > 0, "the program works");
        var program = int.Parse(await File.ReadAllTextAsync(pidFile));
        var agent = _plane.HostBeats.Last().Agents!.Single().Pid!.Value;

        Libc.Signal(agent, Libc.SigKill);

        await Until.TrueAsync(() => _plane.HostBeats.Last().Agents is [{ Deaths: 1 }], "the death is reported");
        Assert.False(Until.Alive(program));
        await Until.TrueAsync(() => _plane.HostBeats.Last().Agents is [{ State: "running", Restarts: 1 }], "it runs again");
        Assert.NotEqual(agent, _plane.HostBeats.Last().Agents!.Single().Pid);
        await Until.TrueAsync(() => File.Exists(note), "where its work is kept is noted");
    }

    [Fact]
    public async Task A_stopping_host_saves_half_done_work_and_hands_the_task_back()
    {
        Start("echo half > half.txt; echo $$ > pid; sleep 600; true");
        _plane.Offer(await TaskAsync());
        await Until.TrueAsync(() => File.Exists(Path.Combine(_data.Path, "work", "FLT-12-1", "pid")), "the program works");

        await StopAsync();

        var released = await StubPlane.NextAsync(_plane.Released);
        Assert.Equal("half", await _repository.InBareAsync("show", $"{released.WipSha}:half.txt"));
        Assert.Empty(Directory.GetDirectories(Path.Combine(_data.Path, "work")));
        Assert.False(File.Exists(Path.Combine(_data.Path, "run")));
    }

    [Fact]
    public async Task An_agent_that_cannot_be_run_is_given_up_with_the_reason()
    {
        Start(new AgentDefinition { Executor = "magic" }, new RestartPolicy { MaxRestarts = 1, FirstDelay = TimeSpan.FromMilliseconds(1) });
        await Until.TrueAsync(() => _plane.HostBeats.LastOrDefault()?.Agents is [{ State: "given_up" }], "it is given up");
        Assert.Contains($"There is no executor 'magic'. Known: {string.Join(", ", Contracts.Fleet.Executors.All)}.", _plane.HostBeats.Last().Agents!.Single().LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_on_the_SDK_is_kept_alive_as_it_is()
    {
        Start(new AgentDefinition { Executor = "program", Command = ["sh", "-c", "echo $MUSTER_AGENT $MUSTER_TOKEN $MUSTER_SERVER; exec sleep 600"] });
        var log = Path.Combine(_data.Path, "logs", "agent-ada.log");
        await Until.TrueAsync(() => File.Exists(log) && new FileInfo(log).Length > 0, "it has started");
        Assert.Contains($"ada mst_agent {_plane.Server}", await File.ReadAllTextAsync(log), StringComparison.Ordinal);
        _plane.Agents = [_plane.Agents[0] with { Desired = DesiredState.Stopped }];
        await Until.TrueAsync(() => _plane.HostBeats.Last().Agents is [{ State: "stopped", Deaths: 0 }], "it is stopped");
    }

    [Fact, Trait("req", "D11")]
    public async Task A_program_that_ends_to_be_started_anew_has_not_died()
    {
        Start(new AgentDefinition { Executor = "program", Command = ["sh", "-c", "if [ ! -f ran ]; then touch ran; exit 75; fi; echo again; exec sleep 600"] });
        var log = Path.Combine(_data.Path, "logs", "agent-ada.log");
        await Until.TrueAsync(() => File.Exists(log) && new FileInfo(log).Length > 0, "it has started again");
        await Until.TrueAsync(() => _plane.HostBeats.LastOrDefault()?.Agents is [{ State: "running", Deaths: 0, Restarts: 0, LastError: null }], "no death is told");
    }

    [Fact]
    public async Task A_check_is_carried_out_and_reported_with_its_output()
    {
        Start("true");
        var definition = new CheckDefinition { Name = "unit", Command = "echo 4 passed", TimeoutSeconds = 60, Required = true, Evidence = "test" };
        _plane.Offer(new ClaimedJob
        {
            Job = StubPlane.Job("job-1") with { Sha = await _repository.HeadAsync(), Check = definition },
            Lease = "mls_job",
            LeaseSeconds = 60,
            GitPath = new Uri(_repository.Bare).AbsoluteUri,
        });

        var report = await StubPlane.NextAsync(_plane.Reports);

        Assert.Equal((JobState.Passed, 0, "artifact-1"), (report.Outcome, report.ExitCode, report.OutputArtifactId));
        Assert.Equal("4 passed\n", _plane.Artifacts["check-unit.log"]);
    }

    /// <summary>The plane gives a job out anew that runs already: its definition changed, or the store began a new life.</summary>
    [Fact]
    public async Task A_check_that_is_given_out_anew_while_it_runs_here_is_stopped_first_and_then_carried_out_once()
    {
        Start("true");
        var first = Path.Combine(_data.Path, "first");
        var definition = new CheckDefinition { Name = "unit", Command = $"[ -e {first} ] && exit 0; echo $$ > {first}.new; mv {first}.new {first}; sleep 600; exit 1", TimeoutSeconds = 900, Required = true, Evidence = "test" };
        var job = new ClaimedJob
        {
            Job = StubPlane.Job("job-1") with { Sha = await _repository.HeadAsync(), Check = definition },
            Lease = "mls_job",
            LeaseSeconds = 60,
            GitPath = new Uri(_repository.Bare).AbsoluteUri,
        };
        _plane.Offer(job);
        await Until.TrueAsync(() => File.Exists(first), "the check runs");
        using var running = System.Diagnostics.Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(first)));

        _plane.Offer(job with { Lease = "mls_job_again" });

        var report = await StubPlane.NextAsync(_plane.Reports);
        Assert.True((report.Outcome, report.ExitCode) == (JobState.Passed, 0), report.Detail);
        Assert.True(running.HasExited, "the one before it still runs");
        Assert.False(_plane.Reports.Reader.TryRead(out _), "the one before it was reported as well");
    }

    [Fact]
    public async Task A_stopping_host_hands_a_check_back_at_once()
    {
        Start("true");
        var started = Path.Combine(_data.Path, "started");
        var definition = new CheckDefinition { Name = "unit", Command = $"touch {started}; sleep 600; true", TimeoutSeconds = 900, Required = true, Evidence = "test" };
        _plane.Offer(new ClaimedJob
        {
            Job = StubPlane.Job("job-1") with { Sha = await _repository.HeadAsync(), Check = definition },
            Lease = "mls_job",
            LeaseSeconds = 60,
            GitPath = new Uri(_repository.Bare).AbsoluteUri,
        });
        await Until.TrueAsync(() => File.Exists(started), "the check runs");

        await StopAsync();

        Assert.Equal("Host host-1 was stopped.", (await StubPlane.NextAsync(_plane.Reports)).Detail);
    }

    [Fact]
    public async Task What_a_killed_daemon_left_running_is_ended_at_the_next_start()
    {
        await File.WriteAllTextAsync(Path.Combine(_data.Path, "run"), "former-run-1234");
        await File.WriteAllTextAsync(Path.Combine(_data.Path, "deaths.json"), """{"agent-1":4}""");
        await using var left = ProcessGroup.Start(new ProcessSpec
        {
            FileName = "sleep",
            Arguments = ["600"],
            WorkingDirectory = _data.Path,
            Environment = ChildEnvironment.Create("former-run-1234/agent-x"),
        });

        Start("true");

        Assert.Equal(9, (await left.Exit.WaitAsync(TimeSpan.FromSeconds(30))).Signal);
        await Until.TrueAsync(() => _plane.HostBeats.LastOrDefault()?.Agents is [{ Deaths: 5 }], "the agents it ran count as dead");
    }

    [Fact]
    public async Task A_second_daemon_on_the_same_folder_is_refused()
    {
        Start("true");
        await Until.TrueAsync(() => !_plane.HostBeats.IsEmpty, "the first one runs");
        using var second = new HostDaemon(Options(), NullLogger.Instance);
        var error = await Assert.ThrowsAsync<HostException>(() => second.RunAsync(default));
        Assert.Contains("Another host daemon uses", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_whose_disk_is_full_blames_no_task_rests_and_works_again_when_there_is_room()
    {
        var full = Path.Combine(_data.Path, "full");
        await File.WriteAllTextAsync(full, "");
        Start("echo done > done.txt", $"if [ -e {full} ]; then echo 'fatal: write error: No space left on device' >&2; exit 128; fi");
        _plane.Offer(await TaskAsync());

        var released = await StubPlane.NextAsync(_plane.Released);
        Assert.StartsWith("Host host-1: its disk is full; make room.", released.Reason, StringComparison.Ordinal);
        await Until.TrueAsync(() => _plane.HostBeats.Last().Agents is [{ Deaths: 0, LastError: { } why }] && why.Contains("its disk is full", StringComparison.Ordinal), "it rests and says why");

        File.Delete(full);
        _plane.Offer(await TaskAsync());
        Assert.NotNull((await StubPlane.NextAsync(_plane.Completed)).HeadSha);
        Assert.DoesNotContain(_plane.Calls, call => call.EndsWith("/fail", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Finished_work_waits_for_room_on_the_disk()
    {
        var full = Path.Combine(_data.Path, "full");
        var tried = Path.Combine(_data.Path, "tried");
        Start($"echo done > done.txt; touch {full}", $"case \"$*\" in *add*) if [ -e {full} ]; then touch {tried}; echo 'fatal: No space left on device' >&2; exit 128; fi;; esac");
        _plane.Offer(await TaskAsync());

        await Until.TrueAsync(() => _plane.Logs.Values.Any(log => log.Contains("finished work waits", StringComparison.Ordinal)), "the wait is told");
        File.Delete(full);

        Assert.NotNull((await StubPlane.NextAsync(_plane.Completed)).HeadSha);
        Assert.True(File.Exists(tried));
    }

    [Fact]
    public async Task An_agent_that_falls_silent_after_its_definition_changed_is_started_anew()
    {
        var before = Agent(new AgentDefinition { Executor = "command", Command = ["sh", "-c", "true"] }) with { Health = AgentHealth.Healthy };
        Start(before.Definition!);
        _plane.Agents = [before];
        await Until.TrueAsync(() => _plane.HostBeats.LastOrDefault()?.Agents is [{ State: "running" }], "it runs");
        var pid = _plane.HostBeats.Last().Agents!.Single().Pid;

        var after = before with { Definition = before.Definition! with { Command = ["sh", "-c", "echo other"] } };
        _plane.Agents = [after];
        var beats = _plane.HostBeats.Count;
        await Until.TrueAsync(() => _plane.HostBeats.Count > beats + 2, "the host has heard of it");
        Assert.Equal(pid, _plane.HostBeats.Last().Agents!.Single().Pid);

        _plane.Agents = [after with { Health = AgentHealth.Warning }];
        await Until.TrueAsync(() => _plane.HostBeats.Last().Agents is [{ State: "running", Deaths: 0, Pid: { } now }] && now != pid, "another process runs");
    }

    // The agent's git begins with what is told here.
    private void Start(string script, string git)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_data.Path, "bin")).FullName;
        var real = ProgramPath.Resolve("git", "/", ChildEnvironment.Create(null));
        File.WriteAllText(Path.Combine(folder, "git"), $"#!/bin/sh\n{git}\nexec {real} \"$@\"\n");
        File.SetUnixFileMode(Path.Combine(folder, "git"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _plane.Agents = [Agent(new AgentDefinition { Executor = "command", Command = ["sh", "-c", script] })];
        var quick = new RestartPolicy { MaxRestarts = int.MaxValue, FirstDelay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(1) };
        _daemon = new HostDaemon(Options() with { AgentCommand = ["/usr/bin/env", $"PATH={folder}:{Environment.GetEnvironmentVariable("PATH")}", "dotnet", Programs.TestAgent], Rests = quick }, NullLogger.Instance);
        _running = _daemon.RunAsync(_stop.Token);
    }

    private void Start(string script) => Start(new AgentDefinition { Executor = "command", Command = ["sh", "-c", script] });

    private void Start(AgentDefinition definition, RestartPolicy? restarts = null)
    {
        _plane.Agents = [Agent(definition)];
        _daemon = new HostDaemon(Options() with { Restarts = restarts ?? new RestartPolicy() }, NullLogger.Instance);
        _running = _daemon.RunAsync(_stop.Token);
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    private HostOptions Options() => new()
    {
        Server = _plane.Server,
        Token = "mst_host",
        Name = "host-1",
        DataFolder = _data.Path,
        AgentCommand = ["dotnet", Programs.TestAgent],
    };

    private async Task<ClaimedTask> TaskAsync() => new()
    {
        Task = Attempts.Task(),
        Assignment = Attempts.Assignment(1),
        Lease = Lease,
        LeaseSeconds = 60,
        Git = new GitWork
        {
            Path = new Uri(_repository.Bare).AbsoluteUri,
            TargetBranch = "main",
            TargetSha = await _repository.HeadAsync(),
            Branch = "agent/ada/flt-12-x",
            WipRef = "refs/muster/wip/FLT-12/1",
        },
    };

    private static AgentInfo Agent(AgentDefinition definition) => new()
    {
        Id = "agent-1",
        Name = "ada",
        Labels = [],
        Capacity = 1,
        Desired = DesiredState.Running,
        Health = AgentHealth.Offline,
        Active = true,
        Definition = definition,
        Tasks = [],
        Restarts = 0,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };
}
