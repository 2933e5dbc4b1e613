using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using Muster.Client.Tests.Plane;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.Client.Tests.Work;

[Trait("req", "B4")]
public sealed partial class StopTests
{
    private static readonly WorkOptions Options = new() { Agent = "ada", Grace = TimeSpan.Zero, Patience = TimeSpan.FromSeconds(5) };

    [Fact]
    public async Task Stopping_hands_back_what_is_not_finished_without_blame_and_takes_no_more()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add("one", "two");
        var begun = new CountdownEvent(2);

        await WorkTests.WorkUntilAsync(plane, Options with { Capacity = 2 }, async (task, context, ct) =>
        {
            begun.Signal();
            plane.Changed();
            await Untils.CancelledAsync(ct);
            Assert.Equal(TaskStop.Stopping, context.StopCause);
            if (task.Key == "T-1")
                context.Release("saved half of it", "abc123");
        }, _ => begun.IsSet);

        Assert.Equal(["T-1 release", "T-2 release"], plane.State.Ends.Order());
        Assert.Contains(plane.To("/release"), r => r.As<ReleaseAssignment>().WipSha == "abc123");
        var last = plane.State.Heartbeats[^1];
        Assert.Equal("stopping", last.Status);
        Assert.Empty(last.Leases!);
        Assert.Equal(2, plane.State.Created.Count);
    }

    [Fact]
    public async Task A_task_that_ends_within_the_grace_is_complete()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add("one");
        var begun = false;

        await WorkTests.WorkUntilAsync(plane, Options with { Grace = TimeSpan.FromSeconds(20) }, async (_, context, ct) =>
        {
            begun = true;
            plane.Changed();
            await Untils.CancelledAsync(context.Stopping);
            Assert.False(ct.IsCancellationRequested);
        }, _ => begun);

        Assert.Equal(["T-1 complete"], plane.State.Ends);
    }

    [Fact]
    public async Task Code_that_does_not_heed_its_token_is_left_behind_and_its_task_handed_back()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add("one");
        var begun = false;

        await WorkTests.WorkUntilAsync(plane, Options with { Patience = TimeSpan.FromMilliseconds(50) }, async (_, _, _) =>
        {
            begun = true;
            plane.Changed();
            await new TaskCompletionSource().Task;
        }, _ => begun);

        Assert.Equal(["T-1 release"], plane.State.Ends);
    }

    [Theory]
    [InlineData(DesiredState.Stopped, WorkEnd.Stopped)]
    [InlineData(DesiredState.Draining, WorkEnd.Drained)]
    public async Task The_plane_can_end_the_loop(string desired, WorkEnd end)
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.NextSeconds = 0.05;
        plane.State.Add("one", "two");
        using var muster = plane.Client();

        var ended = await muster.WorkAsync(Options with { Grace = TimeSpan.FromSeconds(20) }, async (_, context, ct) =>
        {
            plane.State.Desired = desired;
            var beats = plane.State.Heartbeats.Count;
            await plane.UntilAsync(p => p.State.Heartbeats.Count > beats + 2);
        });

        Assert.Equal(end, ended);
        Assert.Equal(["T-1 complete"], plane.State.Ends);
    }

    [Fact]
    [Trait("req", "D11")]
    public async Task A_restart_that_the_plane_wants_waits_for_the_task_in_hand_and_what_runs_is_said_once()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.NextSeconds = 0.05;
        plane.State.Add("one", "two");
        using var muster = plane.Client();

        var ended = await muster.WorkAsync(Options with { Model = "fast", Settings = "s1" }, async (_, context, ct) =>
        {
            plane.State.Restart = true;
            var beats = plane.State.Heartbeats.Count;
            await plane.UntilAsync(p => p.State.Heartbeats.Count > beats + 4);
            Assert.False(ct.IsCancellationRequested);
            plane.State.AskRuns = true;
            await plane.UntilAsync(p => p.State.Heartbeats.Count > beats + 8);
        });

        Assert.Equal(WorkEnd.Restart, ended);
        Assert.Equal(["T-1 complete"], plane.State.Ends);
        Assert.Equal(("fast", "s1"), (plane.State.Heartbeats[0].Runs?.Model, plane.State.Heartbeats[0].Runs?.Settings));
        Assert.True(plane.State.Heartbeats.Skip(1).Count(beat => beat.Runs is null) >= 3, "what is known is said again");
        Assert.True(plane.State.Heartbeats.Count(beat => beat.Runs is not null) >= 3, "a plane that asks is not answered");
    }

    [Fact]
    public async Task Who_says_that_the_machine_is_unfit_takes_no_more_and_what_is_in_hand_is_finished()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.NextSeconds = 0.05;
        plane.State.Add("one", "two", "three");
        using var muster = plane.Client();
        var both = new CountdownEvent(2);

        var ended = await muster.WorkAsync(Options with { Capacity = 2, Grace = TimeSpan.FromSeconds(20) }, async (task, context, ct) =>
        {
            both.Signal();
            await Task.Run(both.Wait, ct);
            if (task.Key == "T-1")
            {
                context.Release("the disk is full");
                context.TakeNoMore();
                return;
            }

            // The plane's word that it is to run does not make the machine fit again.
            var beats = plane.State.Heartbeats.Count;
            await plane.UntilAsync(p => p.State.Heartbeats.Count > beats + 3);
            Assert.False(ct.IsCancellationRequested);
        });

        Assert.Equal(WorkEnd.Unfit, ended);
        Assert.Equal(["T-1 release", "T-2 complete"], plane.State.Ends.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_paused_agent_takes_nothing_until_it_is_resumed_and_a_reload_is_told()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.NextSeconds = 0.05;
        plane.State.Desired = DesiredState.Paused;
        plane.State.Commands.Enqueue(new AgentCommand { Kind = CommandKinds.Reload });
        plane.State.Add("one");
        var told = new TaskCompletionSource<string>();
        using var muster = plane.Client();
        using var stop = new CancellationTokenSource();

        var working = muster.WorkAsync(Options with
        {
            OnCommand = (command, _) =>
            {
                told.TrySetResult(command.Kind);
                return Task.CompletedTask;
            },
        }, (_, _, _) => Task.CompletedTask, stop.Token);
        await plane.UntilAsync(p => p.State.Heartbeats.Count > 3);
        Assert.Empty(plane.To("/claims"));
        Assert.Equal("paused", plane.State.Heartbeats[^1].Status);
        plane.State.Desired = DesiredState.Running;
        await plane.UntilAsync(p => p.State.Ends.Count == 1);
        await stop.CancelAsync();
        await working;

        Assert.Equal(CommandKinds.Reload, await told.Task);
    }

    [Fact]
    public async Task The_first_agent_works_as_a_process_and_ends_well_on_SIGTERM()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add("count these three words");
        var path = typeof(StopTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "FirstAgent").Value!;
        var start = new ProcessStartInfo("dotnet", [path])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            Environment = { ["MUSTER_SERVER"] = plane.Address.ToString(), ["MUSTER_TOKEN"] = "mst_x", ["MUSTER_AGENT"] = "ada" },
        };

        using var process = Process.Start(start)!;
        try
        {
            await plane.UntilAsync(p => p.State.Ends.Count == 1);
            using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
                await kill.WaitForExitAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));

            Assert.Equal(0, process.ExitCode);
            Assert.Matches(Signal(), output);
            Assert.Equal("4 words", plane.To("/complete")[0].As<CompleteAssignment>().Summary);
            Assert.Equal("stopping", plane.State.Heartbeats[^1].Status);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    [GeneratedRegex("Ended: Signal", RegexOptions.None, 1000)]
    private static partial Regex Signal();
}
