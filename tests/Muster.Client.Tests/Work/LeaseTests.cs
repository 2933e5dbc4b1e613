using Muster.Client.Tests.Plane;
using Muster.Contracts.Fleet;

namespace Muster.Client.Tests.Work;

[Trait("req", "B4")]
public sealed class LeaseTests
{
    private static readonly WorkOptions Options = new() { Agent = "ada", Grace = TimeSpan.Zero };

    [Fact]
    public async Task A_lease_that_a_heartbeat_finds_lost_stops_its_task_and_no_other()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.NextSeconds = 0.05;
        plane.State.Add("one", "two");
        var started = new CountdownEvent(2);
        var stopped = new TaskCompletionSource<(string, TaskStop)>();

        await WorkTests.WorkUntilAsync(plane, Options with { Capacity = 2 }, async (task, context, ct) =>
        {
            if (started.Signal())
                plane.State.Revoke("T-1");
            await Untils.CancelledAsync(ct);
            if (stopped.TrySetResult((task.Key, context.StopCause)))
                plane.Changed();
        }, _ => stopped.Task.IsCompleted);

        Assert.Equal(("T-1", TaskStop.LeaseLost), await stopped.Task);
        // Nothing is said for the lost one; the other goes back when the loop ends.
        Assert.Equal(["T-2 release"], plane.State.Ends);
        Assert.DoesNotContain(plane.Received, r => r.Path.Contains("/T-1-1/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_call_that_finds_the_lease_lost_stops_the_task_at_once()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add("one");
        var cancelled = false;

        await WorkTests.WorkUntilAsync(plane, Options, async (_, context, ct) =>
        {
            plane.State.Revoke("T-1");
            await Assert.ThrowsAsync<LeaseLostException>(() => context.ReportProgressAsync(50));
            cancelled = ct.IsCancellationRequested && context.StopCause == TaskStop.LeaseLost;
            plane.Changed();
        }, _ => cancelled);

        Assert.Empty(plane.State.Ends);
    }

    [Fact]
    public async Task A_cancel_command_stops_the_task_it_names()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.NextSeconds = 0.05;
        plane.State.Add("one");
        var cause = TaskStop.None;

        await WorkTests.WorkUntilAsync(plane, Options, async (_, context, ct) =>
        {
            plane.State.Commands.Enqueue(new AgentCommand { Kind = CommandKinds.Cancel, AssignmentId = "T-1-1", Reason = "not wanted" });
            await Untils.CancelledAsync(ct);
            cause = context.StopCause;
        }, p => p.State.Ends.Count == 1);

        Assert.Equal(TaskStop.Cancelled, cause);
        Assert.Contains("not wanted", plane.To("/release")[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_plane_is_away_a_task_stops_before_its_lease_can_have_ended_and_is_handed_back_after()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.LeaseSeconds = 60;
        plane.State.Add("one");
        var clock = new TestClock();
        using var muster = plane.Client(clock);
        using var stop = new CancellationTokenSource();
        var begun = new TaskCompletionSource<CancellationToken>();
        TaskContext? attempt = null;

        var working = muster.WorkAsync(Options, async (_, context, ct) =>
        {
            attempt ??= context;
            begun.TrySetResult(ct);
            await Untils.CancelledAsync(ct);
        }, stop.Token);
        var token = await begun.Task;
        plane.Down = true;
        for (var second = 0; second < 49; second++)
        {
            Assert.False(token.IsCancellationRequested);
            clock.Advance(TimeSpan.FromSeconds(1));
        }
        clock.Advance(TimeSpan.FromSeconds(2));
        await Untils.CancelledAsync(token).WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(TaskStop.PlaneAway, attempt!.StopCause);
        Assert.InRange(clock.Elapsed.TotalSeconds, 50, 55);
        plane.Down = false;
        await using (clock.Flow())
        {
            await plane.UntilAsync(p => p.State.Ends.Count == 1);
            await stop.CancelAsync();
            await working;
        }
        // It may have been taken once more, and handed back again at the end.
        Assert.All(plane.State.Ends, e => Assert.Equal("T-1 release", e));
    }

    [Fact]
    public async Task A_renewed_lease_is_kept_for_longer_than_its_length()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.LeaseSeconds = 60;
        plane.State.Add("one");
        var clock = new TestClock();
        using var muster = plane.Client(clock);
        using var stop = new CancellationTokenSource();
        var begun = new TaskCompletionSource<CancellationToken>();

        var working = muster.WorkAsync(Options, async (_, _, ct) =>
        {
            begun.TrySetResult(ct);
            await Untils.CancelledAsync(ct);
        }, stop.Token);
        var token = await begun.Task;
        // Slowly enough for a heartbeat's way over real HTTP to take little of the lease.
        await using (clock.Flow(stepMilliseconds: 20))
        {
            await plane.UntilAsync(_ => clock.Elapsed > TimeSpan.FromSeconds(75));
            Assert.False(token.IsCancellationRequested);
        }

        await stop.CancelAsync();
        await using (clock.Flow())
            await working;
    }
}

internal static class Untils
{
    public static Task CancelledAsync(CancellationToken ct) => Task.Delay(Timeout.Infinite, ct).ContinueWith(static _ => { }, TaskScheduler.Default);
}
