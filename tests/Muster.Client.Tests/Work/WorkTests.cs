using System.Collections.Concurrent;
using Muster.Client.Tests.Plane;
using Muster.Contracts;
using Muster.Contracts.Work;

namespace Muster.Client.Tests.Work;

[Trait("req", "B4")]
public sealed class WorkTests
{
    private static readonly WorkOptions Options = new() { Agent = "ada", Grace = TimeSpan.Zero, Patience = TimeSpan.FromSeconds(5) };

    [Fact]
    public async Task Several_tasks_are_worked_on_at_once_and_each_is_handed_in_once()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add([.. Enumerable.Range(1, 12).Select(i => $"task {i}")]);
        using var muster = plane.Client();
        using var stop = new CancellationTokenSource();
        var four = new Barrier4();

        var working = muster.WorkAsync(Options with { Capacity = 4 }, (_, _, ct) => four.MeetAsync(ct), stop.Token);
        await plane.UntilAsync(p => p.State.Ends.Count == 12);
        await stop.CancelAsync();

        Assert.Equal(WorkEnd.Cancelled, await working);
        Assert.Equal(4, four.Most);
        Assert.Equal(12, plane.State.Ends.Distinct().Count());
        Assert.All(plane.State.Ends, e => Assert.EndsWith(" complete", e, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Handing_in_is_repeated_under_one_key_until_it_is_acknowledged()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add("one");
        plane.Faults = r => r.Path.EndsWith("/complete", StringComparison.Ordinal) && plane.To("/complete").Count < 4 ? Fault.CutAfter : Fault.None;

        await WorkUntilAsync(plane, Options, (_, context, _) =>
        {
            context.Complete(new CompleteAssignment { Summary = "done" });
            return Task.CompletedTask;
        }, p => p.To("/complete").Count == 4);

        Assert.Equal(["T-1 complete"], plane.State.Ends);
        Assert.Equal(["T-1-1:complete"], plane.To("/complete").Select(r => r.Key).Distinct());
        Assert.Equal("done", plane.To("/complete")[0].As<CompleteAssignment>().Summary);
    }

    [Fact]
    public async Task What_is_done_is_handed_in_with_the_question_for_the_next_and_counts_once_although_answers_are_cut_off()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.TakesCompletions = true;
        plane.State.Add("one");
        plane.State.Add("two");
        var cut = 0;
        plane.Faults = r => r.Path == Routes.Claims && r.As<ClaimRequest>().Complete is not null && cut++ % 2 == 0 ? Fault.CutAfter : Fault.None;

        await WorkUntilAsync(plane, Options, (_, context, _) =>
        {
            context.Complete(new CompleteAssignment { Summary = "done" });
            return Task.CompletedTask;
        }, p => p.State.Ends.Count == 2);

        Assert.Equal(["T-1 complete", "T-2 complete"], plane.State.Ends);
        Assert.Empty(plane.To("/complete"));
        // The second came with the hand-in of the first: one question without a hand-in began it all.
        Assert.Equal(2, plane.To(Routes.Claims).Count(r => r.Key == "T-1-1:complete-and-claim"));
    }

    [Fact]
    public async Task What_a_hand_in_brings_back_is_begun_while_the_loop_still_asks_for_more()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.TakesCompletions = true;
        plane.State.Add("one");
        plane.State.Successors.Enqueue("two");

        await WorkUntilAsync(plane, Options with { Capacity = 2, ClaimWaitSeconds = 60 }, async (task, context, _) =>
        {
            // The loop has room for another, and its question stays open for a minute.
            if (task.Title == "one") await plane.UntilAsync(p => p.To(Routes.Claims).Count == 2);
            context.Complete(new CompleteAssignment { Summary = "done" });
        }, p => p.State.Ends.Count == 2);

        Assert.Equal(["T-1 complete", "T-2 complete"], plane.State.Ends);
    }

    [Fact]
    public async Task What_is_thrown_fails_the_attempt_with_a_bounded_reason()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add("one", "two");

        await WorkUntilAsync(
            plane,
            Options,
            (task, _, _) => throw (task.Title == "one"
                ? new InvalidOperationException(new string('x', 9000))
                : new TaskFailedException("never", retry: false)),
            p => p.State.Ends.Count == 2);

        var fails = plane.To("/fail").Select(r => r.As<FailAssignment>()).ToList();
        Assert.Equal((2000, true), (fails[0].Reason.Length, fails[0].Retry));
        Assert.Equal(("never", false), (fails[1].Reason, fails[1].Retry));
    }

    [Fact]
    public async Task A_log_arrives_whole_and_once_although_answers_are_cut_off()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add("one");
        plane.Faults = r => r.Path.EndsWith("/log", StringComparison.Ordinal) && plane.To("/log").Count % 2 == 1 ? Fault.CutAfter : Fault.None;
        var text = string.Concat(Enumerable.Range(1, 4000).Select(i => $"line {i} \U0001F600\n"));

        await WorkUntilAsync(plane, Options, async (_, context, _) =>
        {
            foreach (var part in text.Chunk(777))
                await context.LogAsync(new string(part));
        }, p => p.State.Ends.Count == 1);

        Assert.Equal(text, plane.State.LogOf("T-1"));
    }

    [Fact]
    public async Task A_log_beyond_its_limit_is_left_out_and_says_so()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add("one");

        await WorkUntilAsync(plane, Options with { MaxLogCharacters = 1000 }, async (_, context, _) =>
        {
            for (var i = 0; i < 100; i++)
                await context.LogAsync(new string('x', 100));
        }, p => p.State.Ends.Count == 1);

        Assert.InRange(plane.State.LogOf("T-1").Length, 1000, 1200);
        Assert.Contains("limit of 1000", plane.State.LogOf("T-1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plane_that_goes_and_comes_back_is_outlived()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Down = true;
        using var muster = plane.Client();
        using var stop = new CancellationTokenSource();
        var notices = new ConcurrentQueue<WorkNotice>();

        var working = muster.WorkAsync(Options with { OnNotice = notices.Enqueue }, (_, _, _) => Task.CompletedTask, stop.Token);
        await plane.UntilAsync(p => p.Received.Count >= 3);
        plane.Down = false;
        plane.State.Add("one");
        await plane.UntilAsync(p => p.State.Ends.Count == 1);
        await stop.CancelAsync();
        await working;

        Assert.Contains(notices, n => n.Error is PlaneUnreachableException);
        Assert.Contains(notices, n => n.Text.Contains("answers again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_claim_whose_answer_was_cut_off_is_asked_again_and_its_task_is_not_left_lying()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.State.Add("one");
        plane.Faults = r => r.Path.EndsWith("/claims", StringComparison.Ordinal) && plane.To("/claims").Count == 1 ? Fault.CutAfter : Fault.None;

        await WorkUntilAsync(plane, Options, (_, _, _) => Task.CompletedTask, p => p.State.Ends.Count == 1);

        Assert.Equal(["T-1 complete"], plane.State.Ends);
        Assert.Equal(plane.To("/claims")[0].Key, plane.To("/claims")[1].Key);
    }

    [Fact]
    public async Task A_refused_registration_is_thrown()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http =>
        {
            http.Response.StatusCode = 401;
            return Task.FromResult(true);
        };
        using var muster = plane.Client();

        await Assert.ThrowsAsync<MusterException>(() => muster.WorkAsync(Options, (_, _, _) => Task.CompletedTask));
    }

    internal static async Task<WorkEnd> WorkUntilAsync(
        FakePlane plane, WorkOptions options, Func<TaskInfo, TaskContext, CancellationToken, Task> work, Func<FakePlane, bool> condition)
    {
        using var muster = plane.Client();
        using var stop = new CancellationTokenSource();
        var working = muster.WorkAsync(options, work, stop.Token);
        await plane.UntilAsync(condition);
        await stop.CancelAsync();
        return await working;
    }

    /// <summary>Lets four go on together, and counts how many there are at most.</summary>
    private sealed class Barrier4
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _met = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _here;

        public int Most { get; private set; }

        public async Task MeetAsync(CancellationToken ct)
        {
            Task met;
            lock (_lock)
            {
                met = _met.Task;
                Most = Math.Max(Most, ++_here);
                if (_here == 4)
                {
                    _here = 0;
                    _met.SetResult();
                    _met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }
            await met.WaitAsync(ct);
        }
    }
}
