using System.Diagnostics;

namespace Muster.EndToEnd.Tests;

/// <summary>kill -9 of the host daemon, which runs as a process of its own beside the plane.</summary>
public sealed class HostKillTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    [Fact]
    [Trait("req", "A5")]
    public async Task A_host_daemon_killed_at_any_point_leaves_nothing_and_its_successor_goes_on()
    {
        await using var stage = new Stage();
        var plane = await stage.ServeAsync();
        using var project = await ServedProject.SetUpAsync(stage, plane);
        var host = stage.StartHost();
        await plane.HostedAsync();
        await stage.DoAsync("agent", "add", "shell", "--count", "2", "--executor", "command", "--", "./agent.sh");

        // Idle, agents waiting for work.
        await Until.HoldsAsync(() => Task.FromResult((host.Marker.Length > 0 && MarkedProcesses.Find(host.Marker).Count >= 2, "the agents do not run")), Patience);
        host = await KillAsync("idle", stage, host);
        await project.AddTaskAsync(stage, "alpha");
        await project.UntilServedAsync();

        // Each point twice, since the second kill finds what the first one's clearing away has left.
        foreach (var (round, titles) in new[] { (1, new[] { "bravo", "charlie", "delta" }), (2, ["echo", "foxtrot", "golf"]) })
        {
            host = await KillAtAsync($"an agent works ({round})", "hold-work", "working", titles[0], stage, host, project);
            host = await KillAtAsync($"a check runs ({round})", "hold-check", "checking", titles[1], stage, host, project);
            host = await KillAtAsync($"a version starts ({round})", "hold-deploy", "deploying", titles[2], stage, host, project);
            host = await KillAsync($"a version serves ({round})", stage, host);
            await project.UntilServedAsync();
        }

        await project.AssertDoneOnceAsync();
        Assert.Equal(0, await host.StopAsync());
        Assert.Equal(0, await plane.StopAsync());
    }

    private async Task<RunningHost> KillAtAsync(string point, string hold, string mark, string title, Stage stage, RunningHost host, ServedProject project)
    {
        File.Delete(stage[mark]);
        stage.Mark(hold);
        await project.AddTaskAsync(stage, title);
        await stage.MarkedAsync(mark, Patience);
        // Let go between the daemons: a process of the first one that goes on now would do the work a second time.
        var next = await KillAsync(point, stage, host, () => File.Delete(stage[hold]));
        await project.UntilServedAsync();
        return next;
    }

    private async Task<RunningHost> KillAsync(string point, Stage stage, RunningHost host, Action? between = null)
    {
        var marker = host.Marker;
        var alive = MarkedProcesses.Find(marker).Count;
        await host.KillAsync();
        var left = MarkedProcesses.Find(marker).Count;
        between?.Invoke();
        var next = stage.StartHost();
        var clock = Stopwatch.StartNew();
        await Until.HoldsAsync(() =>
        {
            var found = MarkedProcesses.Find(marker);
            return Task.FromResult((next.Marker.Length > 0 && next.Marker != marker && found.Count == 0, string.Join("; ", found.Select(pid => $"{pid} {MarkedProcesses.Command(pid)}"))));
        }, Patience);
        output.WriteLine($"{point}: kill -9 with {alive} processes, {left} left behind, none after {clock.Elapsed.TotalSeconds:0.0} s");
        return next;
    }
}
