using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Muster.Contracts.Delivery;
using Muster.Runner.Deployments;
using Muster.Runner.Git;
using Muster.Runner.Processes;

namespace Muster.Runner.Tests.Deployments;

public sealed class DeployerTests : IAsyncDisposable
{
    private readonly TempFolder _data = new();
    private readonly string _marker = $"test-{Guid.NewGuid():n}";
    private readonly HttpClient _http = new();
    private readonly Lines _notices = new();
    private Deployer _deployer;

    public DeployerTests() => _deployer = NewDeployer();

    public async ValueTask DisposeAsync()
    {
        await _deployer.DisposeAsync();
        Assert.Empty(MarkedProcesses.Find(_marker));
        _http.Dispose();
        _data.Dispose();
    }

    [Fact]
    public async Task A_healthy_version_serves_at_the_front_port_and_the_next_one_takes_over_there()
    {
        using var plane = await TestRepository.CreateAsync(("version.txt", "one"));
        var first = await _deployer.DeployAsync(Request(plane, await plane.HeadAsync()), default);
        Assert.True((first.Outcome, first.Health!.Status) == (JobState.Passed, 200), first.Detail);
        var before = await GetAsync(first.Url!);
        Assert.StartsWith("one ", before, StringComparison.Ordinal);

        var second = await _deployer.DeployAsync(Request(plane, await plane.CommitAsync("two", ("version.txt", "two"))), default);

        Assert.True(first.Url == second.Url, second.Detail);
        Assert.StartsWith("two ", await GetAsync(second.Url!), StringComparison.Ordinal);
        Assert.DoesNotContain(int.Parse(before[4..]), MarkedProcesses.Find(_marker));
    }

    [Fact]
    public async Task A_version_that_never_becomes_healthy_leaves_the_old_one_serving()
    {
        using var plane = await TestRepository.CreateAsync(("version.txt", "good"));
        var good = await _deployer.DeployAsync(Request(plane, await plane.HeadAsync()), default);
        var before = await GetAsync(good.Url!);

        var sick = await _deployer.DeployAsync(Request(plane, await plane.CommitAsync("sick", ("sick.txt", "x"), ("version.txt", "sick")), seconds: 15), default);

        Assert.Equal((JobState.Failed, 500), (sick.Outcome, sick.Health!.Status));
        Assert.Contains("answered 500", sick.Detail, StringComparison.Ordinal);
        Assert.Contains("goes on serving", sick.Detail, StringComparison.Ordinal);
        Assert.Equal(before, await GetAsync(good.Url!));
    }

    [Fact]
    public async Task A_version_that_ends_at_once_is_not_waited_for()
    {
        using var plane = await TestRepository.CreateAsync();
        var request = Request(plane, await plane.HeadAsync(), command: "echo no config >&2; exit 4", seconds: 600);
        var result = await _deployer.DeployAsync(request, default).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(JobState.Failed, result.Outcome);
        Assert.Contains("the process exited with code 4 before it was healthy. Nothing served before. no config", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_whose_port_somebody_took_before_it_listened_is_started_on_another()
    {
        using var plane = await TestRepository.CreateAsync(("version.txt", "one"));
        var (port, taken) = (Path.Combine(_data.Path, "port"), Path.Combine(_data.Path, "taken"));
        var command = $"[ -e {taken} ] && exec dotnet {Programs.TestAgent} serve; echo $PORT > {port}.new; mv {port}.new {port}; until [ -e {taken} ]; do sleep 0.02; done; exit 4";
        var deploying = _deployer.DeployAsync(Request(plane, await plane.HeadAsync(), command), default);
        await Until.TrueAsync(() => File.Exists(port), "the first try says its port");
        using var thief = new TcpListener(IPAddress.Loopback, int.Parse(await File.ReadAllTextAsync(port), CultureInfo.InvariantCulture));
        thief.Start();
        await File.WriteAllTextAsync(taken, "");
        var deployed = await deploying;
        Passed(deployed);
        Assert.Contains("Somebody else took its port", deployed.Output, StringComparison.Ordinal);
        Assert.StartsWith("one ", await GetAsync(deployed.Url!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_build_starts_nothing_and_a_good_one_is_done_once_per_commit()
    {
        using var plane = await TestRepository.CreateAsync(("version.txt", "one"));
        var sha = await plane.HeadAsync();
        var red = await _deployer.DeployAsync(Request(plane, sha, build: "echo cannot compile; exit 1"), default);
        Assert.Equal(JobState.Failed, red.Outcome);
        Assert.Contains("cannot compile", red.Detail, StringComparison.Ordinal);

        var build = "test ! -e built.txt && echo $MUSTER_SHA > built.txt";
        Passed(await _deployer.DeployAsync(Request(plane, sha, build: build), default));
        Passed(await _deployer.DeployAsync(Request(plane, sha, build: build), default));
    }

    [Fact]
    public async Task A_taken_front_port_is_said_before_anything_is_built()
    {
        using var plane = await TestRepository.CreateAsync();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var result = await _deployer.DeployAsync(Request(plane, await plane.HeadAsync(), port: port), default);
        Assert.Equal(JobState.Failed, result.Outcome);
        Assert.StartsWith($"Port {port} on 127.0.0.1 is taken", result.Detail, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_data.Path, "releases", "project-1")));
    }

    [Fact]
    public async Task A_serving_process_that_dies_is_started_again()
    {
        using var plane = await TestRepository.CreateAsync(("version.txt", "one"));
        var url = (await _deployer.DeployAsync(Request(plane, await plane.HeadAsync()), default)).Url!;
        var before = await GetAsync(url);

        // Answered or cut off, as the process's end happens to fall.
        await Record.ExceptionAsync(() => GetAsync($"{url}/die"));

        Assert.Contains("exited with code 3", await _notices.NextAsync(), StringComparison.Ordinal);
        var after = await GetAsync(url);
        Assert.StartsWith("one ", after, StringComparison.Ordinal);
        Assert.NotEqual(before, after);
    }

    [Fact]
    public async Task What_served_before_a_restart_of_the_host_serves_again_at_the_same_address()
    {
        using var plane = await TestRepository.CreateAsync(("version.txt", "one"));
        var request = Request(plane, await plane.HeadAsync());
        var url = (await _deployer.DeployAsync(request, default)).Url!;
        await _deployer.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => _http.GetAsync(url));
        _deployer = NewDeployer();

        var wanted = new DeploymentInfo
        {
            Id = "d1",
            ProjectId = request.ProjectId,
            Project = "P",
            Environment = "dev",
            Sha = request.Sha,
            State = DeploymentState.Healthy,
            Definition = request.Definition,
            CreatedAt = DateTimeOffset.UnixEpoch,
        };
        _deployer.Reconcile([wanted], default);
        Assert.Contains("serves again", await _notices.NextAsync(), StringComparison.Ordinal);
        Assert.StartsWith("one ", await GetAsync(url), StringComparison.Ordinal);

        for (var i = 0; i < 5; i++) _deployer.Reconcile([], default);
        Assert.Null(_deployer.Serving("project-1", "dev"));
    }

    [Fact]
    public async Task What_dies_too_often_and_what_does_not_come_up_again_is_told_until_the_plane_lets_go_of_it()
    {
        using var plane = await TestRepository.CreateAsync(("version.txt", "one"));
        var broken = Path.Combine(_data.Path, "broken");
        var request = Request(plane, await plane.HeadAsync(), $"[ -e {broken} ] && exit 3; exec dotnet {Programs.TestAgent} serve");
        var url = (await _deployer.DeployAsync(request, default)).Url!;
        var wanted = new DeploymentInfo { Id = "d1", ProjectId = request.ProjectId, Project = "P", Environment = "dev", Sha = request.Sha, State = DeploymentState.Healthy, Definition = request.Definition, CreatedAt = DateTimeOffset.UnixEpoch };
        _deployer.Reconcile([wanted], default);
        Assert.Empty(_deployer.Failed);

        await File.WriteAllTextAsync(broken, "");
        await Record.ExceptionAsync(() => GetAsync($"{url}/die"));
        await Until.TrueAsync(() => { _deployer.Reconcile([wanted], default); return _deployer.Failed is [{ DeploymentId: "d1" }]; }, "it is given up");
        Assert.Contains("no longer started", _deployer.Failed[0].Reason, StringComparison.Ordinal);
        _deployer.Reconcile([], default);
        Assert.Empty(_deployer.Failed);

        // Nor does it come up after a restart of the host.
        await _deployer.DisposeAsync();
        _deployer = NewDeployer();
        await Until.TrueAsync(() => { _deployer.Reconcile([wanted], default); return _deployer.Failed is [{ DeploymentId: "d1" }]; }, "it is given up again");
        Assert.Contains("did not come up again", _deployer.Failed[0].Reason, StringComparison.Ordinal);

        File.Delete(broken);
        Passed(await _deployer.DeployAsync(request, default));
        _deployer.Reconcile([wanted], default);
        Assert.Empty(_deployer.Failed);
    }

    [Fact]
    public async Task Only_the_newest_releases_are_kept()
    {
        using var plane = await TestRepository.CreateAsync(("version.txt", "0"));
        var newest = "";
        for (var i = 1; i <= 5; i++)
        {
            newest = await plane.CommitAsync($"{i}", ("version.txt", $"{i}"));
            Passed(await _deployer.DeployAsync(Request(plane, newest), default));
        }

        var kept = Directory.GetDirectories(Path.Combine(_data.Path, "releases", "project-1", "dev"));
        Assert.Equal(3, kept.Length);
        Assert.Contains(kept, folder => folder.EndsWith(newest, StringComparison.Ordinal));
    }

    private static void Passed(DeployResult deployed) => Assert.True(deployed.Outcome == JobState.Passed, $"{deployed.Detail}\n{deployed.Output}");

    private Deployer NewDeployer() => new(new HostFolders(_data.Path), _marker, TimeProvider.System, new RestartPolicy(), _notices.Add);

    private async Task<string> GetAsync(string url)
    {
        // A connection of its own each time: kept ones belong to the version they were opened to.
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.ConnectionClose = true;
        using var response = await _http.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }

    private static DeployRequest Request(TestRepository plane, string sha, string? command = null, string? build = null, int port = 0, int seconds = 30) => new()
    {
        ProjectId = "project-1",
        Sha = sha,
        Remote = new GitRemote(plane.Bare),
        Definition = new DeployDefinition
        {
            Environment = "dev",
            Target = "process",
            Build = build,
            Command = command ?? $"dotnet {Programs.TestAgent} serve",
            Port = port,
            HealthPath = "/health",
            HealthTimeoutSeconds = seconds,
        },
    };
}
