using System.Net;
using System.Net.Sockets;
using Muster.Runner.Processes;
using Muster.Runner.Sandbox;

namespace Muster.Runner.Tests.Sandbox;

/// <summary>The sandbox against the real system. Needs bubblewrap: apt install bubblewrap.</summary>
public sealed class CommandSandboxTests : IDisposable
{
    private readonly TempFolder _work = new();
    private readonly TempFolder _home = new();
    private readonly TempFolder _temporary = new();
    private readonly TempFolder _outside = new();

    public void Dispose()
    {
        foreach (var folder in new[] { _work, _home, _temporary, _outside }) folder.Dispose();
    }

    [Fact]
    [Trait("req", "A10")]
    public async Task It_writes_in_the_workspace_its_home_and_its_temporary_folder_and_nowhere_else()
    {
        var (exit, output) = await RunAsync("""
            echo work > a.txt; echo home > ~/b.txt; echo tmp > /tmp/c.txt; echo $HOME $TMPDIR
            for f in / /usr /etc /bin /home /proc/sys; do touch $f/escaped 2>/dev/null && echo "wrote $f"; done
            true
            """);
        Assert.Equal(0, exit);
        Assert.Equal("/home/agent /tmp", output.Trim());
        Assert.Equal("work\n", await File.ReadAllTextAsync(Path.Combine(_work.Path, "a.txt")));
        Assert.Equal("home\n", await File.ReadAllTextAsync(Path.Combine(_home.Path, "b.txt")));
        Assert.Equal("tmp\n", await File.ReadAllTextAsync(Path.Combine(_temporary.Path, "c.txt")));
    }

    [Fact]
    [Trait("req", "A10")]
    public async Task It_sees_only_what_it_is_shown_and_can_be_shown_more_to_read()
    {
        var canary = _outside.File("canary.txt", "CANARY");
        var (exit, _) = await RunAsync($"cat '{canary}'");
        Assert.NotEqual(0, exit);

        var (_, shown) = await RunAsync($"cat '{canary}'; echo x > '{canary}' || echo refused", view => view with { ReadOnly = [_outside.Path] });
        Assert.Contains("CANARY", shown, StringComparison.Ordinal);
        Assert.Contains("refused", shown, StringComparison.Ordinal);
        Assert.Equal("CANARY", await File.ReadAllTextAsync(canary));
    }

    [Fact]
    [Trait("req", "A10")]
    public async Task It_has_no_network_unless_it_is_given_one()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var connect = $"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{((IPEndPoint)listener.LocalEndpoint).Port}' 2>&1";
        Assert.NotEqual(0, (await RunAsync(connect)).Exit);
        Assert.False(listener.Pending());
        Assert.Equal(0, (await RunAsync(connect, view => view with { Network = true })).Exit);
    }

    [Fact]
    [Trait("req", "A10")]
    public async Task It_sees_no_process_of_the_machine_and_no_socket()
    {
        var (_, output) = await RunAsync("ls -d /proc/[0-9]* | wc -l; find /run /var/run /dev/shm -mindepth 1 2>/dev/null | wc -l; cat /proc/1/cmdline | tr '\\0' ' '");
        var lines = output.Split('\n');
        Assert.InRange(int.Parse(lines[0]), 1, 6);
        Assert.Equal("0", lines[1].Trim());
        Assert.Contains("bwrap", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    [Trait("req", "A10")]
    public async Task Killing_it_kills_what_it_started_also_what_left_the_group()
    {
        var marker = $"test-{Guid.NewGuid():n}";
        using var stop = new CancellationTokenSource();
        var running = RunAsync("setsid sh -c 'echo up > up.txt; sleep 600' & sleep 600", marker: marker, cancellation: stop.Token);
        await Until.TrueAsync(() => File.Exists(Path.Combine(_work.Path, "up.txt")), "the command runs");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Until.TrueAsync(() => MarkedProcesses.Find(marker).Count == 0, "all of it is gone");
    }

    [Fact]
    public async Task Without_it_a_command_runs_as_it_is_and_that_is_said()
    {
        var none = CommandSandbox.Without("the test wants none");
        Assert.False(none.Works);
        Assert.Contains("WITHOUT a sandbox", none.Statement, StringComparison.Ordinal);
        var (exit, output) = await RunAsync("echo $HOME", sandbox: none);
        Assert.Equal((0, _home.Path), (exit, output.Trim()));
    }

    private async Task<(int Exit, string Output)> RunAsync(
        string command, Func<SandboxView, SandboxView>? show = null, CommandSandbox? sandbox = null, string? marker = null, CancellationToken cancellation = default)
    {
        sandbox ??= await CommandSandbox.DetectAsync(default);
        Assert.True(sandbox.Works || show is null, sandbox.Statement);
        var output = new BoundedOutput();
        var spec = new ProcessSpec { FileName = "/bin/sh", Arguments = ["-c", command], WorkingDirectory = _work.Path, Environment = ChildEnvironment.Create(marker), OnLine = output.Add };
        var view = new SandboxView { Folder = _work.Path, Home = _home.Path, Temporary = _temporary.Path };
        var exit = await ProcessGroup.RunAsync(sandbox.Enclose(spec, show?.Invoke(view) ?? view), cancellation);
        return (exit.Code, output.ToString());
    }
}
