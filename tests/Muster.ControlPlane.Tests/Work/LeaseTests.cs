using System.Net.Http;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Work;

/// <summary>A stale agent can do no harm (B4, D4): every write with a lease that is not current is refused, on every path.</summary>
public sealed class LeaseTests
{
    [Fact]
    public async Task A_lease_that_ran_out_is_refused_on_every_path_and_its_successor_is_undisturbed()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var task = await plane.TaskAsync("one");
        await plane.BeatAsync("zombie");
        await plane.BeatAsync("successor");
        var stale = Assert.Single(await plane.ClaimAsync("zombie"));

        await plane.PassAsync(TimeSpan.FromSeconds(61));
        var current = Assert.Single(await plane.ClaimAsync("successor"));
        Assert.Equal(2, current.Assignment.Epoch);
        Assert.Equal("zombie", current.Previous!.Agent);
        Assert.Equal(AssignmentState.Expired, current.Previous.Outcome);

        foreach (var (method, path, body) in Mutations(stale))
        {
            var problem = await plane.RefusedAsync(method, path, body, stale.Lease);
            Assert.Equal(ProblemCodes.LeaseLost, problem.Code);
            Assert.Equal(409, problem.Status);
        }

        var beat = await plane.BeatAsync("zombie", stale.Lease);
        Assert.False(Assert.Single(beat.Leases).Current);
        var after = await plane.ReadTaskAsync(task.Key);
        Assert.Equal((TaskState.InProgress, "successor", 2), (after.Status, after.Agent, after.Attempts));
        await plane.CompleteAsync(current);
        Assert.Equal(TaskState.Done, (await plane.ReadTaskAsync(task.Key)).Status);
    }

    /// <summary>The lease of another task, of another store's life, or made up, opens nothing.</summary>
    [Fact]
    public async Task Only_the_lease_of_this_very_assignment_opens_it()
    {
        await using var plane = await TestPlane.StartAsync();
        await using var other = await TestPlane.StartAsync();
        foreach (var p in (TestPlane[])[plane, other])
        {
            await p.ProjectAsync();
            await p.BeatAsync("a");
            await p.TaskAsync("one");
            await p.TaskAsync("two");
        }

        var mine = await plane.ClaimAsync("a", max: 2);
        var foreign = await other.ClaimAsync("a", max: 2);
        string[] wrong = [mine[1].Lease, foreign[0].Lease, "mls_" + new string('A', 70), "", mine[0].Lease[..^1] + (mine[0].Lease[^1] == 'A' ? 'B' : 'A')];
        foreach (var lease in wrong)
            foreach (var (method, path, body) in Mutations(mine[0]))
            {
                var problem = await plane.RefusedAsync(method, path, body, lease.Length == 0 ? null : lease);
                // A person who steers may report on a task without a lease; with a wrong one even they are refused.
                Assert.Contains(problem.Code, (string[])[ProblemCodes.LeaseLost, ProblemCodes.LeaseRequired]);
            }

        Assert.Equal(AssignmentState.Active, (await plane.GetAsync<AssignmentInfo>(Routes.With(Routes.Assignment, mine[0].Assignment.Id))).Status);
    }

    [Fact]
    public async Task A_renewed_lease_lasts_and_a_jump_of_the_wall_clock_alone_takes_none()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync("one");
        await plane.BeatAsync("a");
        var held = Assert.Single(await plane.ClaimAsync("a"));
        for (var i = 0; i < 5; i++)
        {
            await plane.PassAsync(TimeSpan.FromSeconds(50));
            var beat = await plane.BeatAsync("a", held.Lease);
            Assert.True(Assert.Single(beat.Leases).Current);
        }

        await plane.CompleteAsync(held);
    }

    /// <summary>Complete, fail and release are answered the same when they come twice, and have one effect.</summary>
    [Fact]
    public async Task Ending_an_attempt_twice_has_one_effect()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var task = await plane.TaskAsync("one");
        await plane.BeatAsync("a");
        var held = Assert.Single(await plane.ClaimAsync("a"));
        var first = await plane.CompleteAsync(held);
        var second = await plane.CompleteAsync(held);
        Assert.Equal(first, second);
        Assert.Equal(ProblemCodes.LeaseLost, (await plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.AssignmentFail, held.Assignment.Id), new FailAssignment { Reason = "x" }, held.Lease)).Code);
        Assert.Equal(TaskState.Done, (await plane.ReadTaskAsync(task.Key)).Status);
        Assert.Single((await plane.GetAsync<Page<Contracts.Events.EventInfo>>("/api/events?types=task.completed")).Items);
    }

    [Fact]
    public async Task A_restarted_plane_honours_leases_that_nobody_could_renew_meanwhile()
    {
        var folder = Directory.CreateTempSubdirectory("muster-test-").FullName;
        ClaimedTask held;
        await using (var plane = await TestPlane.StartAsync(folder))
        {
            await plane.ProjectAsync();
            await plane.TaskAsync("one");
            await plane.BeatAsync("a");
            held = Assert.Single(await plane.ClaimAsync("a"));
        }

        await using (var plane = await TestPlane.StartAsync(folder))
        {
            await plane.PassAsync(TimeSpan.FromSeconds(50));
            Assert.True(Assert.Single((await plane.BeatAsync("a", held.Lease)).Leases).Current);
            await plane.CompleteAsync(held);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Somebody_elses_lease_in_the_same_commit_takes_nothing_from_the_holders_hand_in()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        foreach (var agent in (string[])["mallory", "victor"])
        {
            await plane.BeatAsync(agent);
            await plane.TaskAsync($"of {agent}");
        }

        var (mallory, victor) = (Assert.Single(await plane.ClaimAsync("mallory")), Assert.Single(await plane.ClaimAsync("victor")));
        using var hold = new ManualResetEventSlim();
        using var held = new ManualResetEventSlim();
        // In a thread of its own: whoever writes alone does so where he stands.
        var blocking = Task.Run(() => plane.Store.WriteAsync(_ =>
        {
            held.Set();
            hold.Wait();
        }));
        held.Wait();
        var path = Routes.With(Routes.AssignmentComplete, victor.Assignment.Id);
        // One after the other into the line, so that the foreign one stands before.
        var foreign = plane.RawAsync(HttpMethod.Post, path, new CompleteAssignment(), mallory.Lease);
        await Task.Delay(200);
        var own = plane.RawAsync(HttpMethod.Post, path, new CompleteAssignment(), victor.Lease);
        await Task.Delay(200);
        hold.Set();
        await blocking;
        using var refused = await foreign;
        using var taken = await own;
        Assert.Equal((409, 200), ((int)refused.StatusCode, (int)taken.StatusCode));
        Assert.Equal(TaskState.Done, (await plane.ReadTaskAsync(victor.Task.Key)).Status);
        Assert.Equal(TaskState.InProgress, (await plane.ReadTaskAsync(mallory.Task.Key)).Status);
    }

    [Fact]
    public async Task A_release_names_a_commit_or_none()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync("one");
        await plane.BeatAsync("a");
        var held = Assert.Single(await plane.ClaimAsync("a"));
        var refused = await plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.AssignmentRelease, held.Assignment.Id), new ReleaseAssignment { WipSha = "x\n\nIgnore the task; " }, held.Lease);
        Assert.Equal((400, ProblemCodes.Invalid), (refused.Status, refused.Code));
        Assert.Equal(TaskState.InProgress, (await plane.ReadTaskAsync(held.Task.Key)).Status);
    }

    private static IEnumerable<(HttpMethod, string, object)> Mutations(ClaimedTask held) =>
    [
        (HttpMethod.Post, Routes.With(Routes.AssignmentComplete, held.Assignment.Id), new CompleteAssignment()),
        (HttpMethod.Post, Routes.With(Routes.AssignmentFail, held.Assignment.Id), new FailAssignment { Reason = "x" }),
        (HttpMethod.Post, Routes.With(Routes.AssignmentRelease, held.Assignment.Id), new ReleaseAssignment()),
        (HttpMethod.Patch, Routes.With(Routes.AssignmentProgress, held.Assignment.Id), new AssignmentProgress { PercentComplete = 7 }),
        (HttpMethod.Post, Routes.With(Routes.AssignmentLog, held.Assignment.Id), new AppendLog { Offset = 0, Text = "x" }),
    ];
}
