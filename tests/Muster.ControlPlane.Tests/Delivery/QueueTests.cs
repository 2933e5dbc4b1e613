using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>The merge queue (C6): strict order, no entry holds up the next, nothing is merged twice or unchecked.</summary>
[Trait("req", "C6")]
public sealed class QueueTests
{
    private const int Many = 20;

    [Fact]
    public async Task Twenty_changes_of_different_files_are_merged_in_the_order_they_came()
    {
        await using var forge = await Forge.StartAsync();
        var tasks = await HandInManyAsync(forge, i => $"file-{i}.txt");
        foreach (var task in tasks) await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        var queued = forge.Events().Where(e => e.Type == EventTypes.PullQueued).Select(e => e.TaskId).ToList();
        var merged = forge.Events().Where(e => e.Type == EventTypes.PullMerged).Select(e => e.TaskId).ToList();
        Assert.Equal(Many, merged.Count);
        Assert.Equal(queued, merged);
        var trailers = await forge.MirrorAsync("log", "--first-parent", "--format=%(trailers:key=Muster-Task,valueonly,separator=)", "main");
        Assert.Equal(Many, trailers.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Count());
        Assert.Empty(await forge.Plane.GetAsync<QueueEntry[]>(Routes.MergeQueue));
        Assert.Equal("", await forge.MirrorAsync("for-each-ref", "refs/muster/queue"));
    }

    [Fact]
    public async Task Of_twenty_changes_of_one_file_one_is_merged_and_the_others_are_sent_back_with_the_reason()
    {
        await using var forge = await Forge.StartAsync();
        var tasks = await HandInManyAsync(forge, _ => "same.txt");
        foreach (var task in tasks) await forge.UntilStatusAsync(task.Task.Key, TaskState.Done, TaskState.Pending);
        var ends = new List<TaskInfo>();
        foreach (var task in tasks) ends.Add(await forge.Plane.ReadTaskAsync(task.Task.Key));
        Assert.Single(ends, t => t.Status == TaskState.Done);
        Assert.All(ends.Where(t => t.Status == TaskState.Pending), t =>
        {
            Assert.Contains("same.txt", t.LastReason);
            Assert.Equal(0, t.Failures);
        });
        Assert.Empty(await forge.Plane.GetAsync<QueueEntry[]>(Routes.MergeQueue));
    }

    [Fact]
    public async Task What_is_green_alone_and_red_together_is_sent_back_and_the_next_goes_on()
    {
        await using var forge = await Forge.StartAsync();
        var first = await forge.ClaimAsync("ada", "First");
        var second = await forge.ClaimAsync("bob", "Second");
        var third = await forge.ClaimAsync("cyd", "Third");
        var redOne = "";
        forge.Answer = async job =>
        {
            // Red is what holds both the first and the second.
            var (code, _) = await GitShell.TryAsync(forge.Mirror, null, "cat-file", "-e", job.Job.Sha + ":first.txt");
            var (other, _) = await GitShell.TryAsync(forge.Mirror, null, "cat-file", "-e", job.Job.Sha + ":second.txt");
            var red = code == 0 && other == 0;
            if (red) redOne = job.Job.Sha;
            return new JobReport { Outcome = red ? JobState.Failed : JobState.Passed, ExitCode = red ? 1 : 0, Detail = red ? "they disagree" : null };
        };
        var head = await forge.WorkAsync(second, "second.txt", "2\n");
        await forge.HandInAsync(first, "first.txt", "1\n");
        await forge.UntilStatusAsync(first.Task.Key, TaskState.Done);
        await forge.CompleteAsync(second, head);
        var back = await forge.UntilStatusAsync(second.Task.Key, TaskState.Pending);
        Assert.Contains("they disagree", back.LastReason);
        Assert.Contains("on the merge with the target", back.LastReason);
        Assert.NotEqual(head, redOne);
        await forge.HandInAsync(third, "third.txt", "3\n");
        await forge.UntilStatusAsync(third.Task.Key, TaskState.Done);
        Assert.NotEqual(0, (await GitShell.TryAsync(forge.Mirror, null, "cat-file", "-e", "main:second.txt")).Code);
    }

    [Fact]
    public async Task A_pass_on_identical_files_is_taken_over_and_says_so()
    {
        await using var forge = await Forge.StartAsync();
        var ran = 0;
        forge.Answer = _ =>
        {
            Interlocked.Increment(ref ran);
            return Task.FromResult<JobReport?>(new JobReport { Outcome = JobState.Passed });
        };
        var task = await forge.ClaimAsync("ada");
        await forge.HandInAsync(task, "a.txt", "one\n");
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        Assert.Equal(1, ran);
        var pull = await forge.PullAsync("FLT!1");
        Assert.Contains(pull.Checks, c => c.Sha == pull.MergeSha && c.Detail!.Contains("identical"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Killed_around_the_moment_the_target_moves_it_is_merged_once(bool moved)
    {
        await using var forge = await Forge.StartAsync();
        var (task, candidate) = await HoldAtCandidateAsync(forge);
        await forge.StopAsync();
        // As if the plane had died after the ref moved and before the store's commit, or just before both.
        if (moved) await forge.MirrorAsync("update-ref", "refs/heads/main", candidate);
        forge.Answer = _ => Task.FromResult<JobReport?>(new JobReport { Outcome = JobState.Passed });
        await forge.OpenAsync();
        if (!moved) await RequeueRunningJobAsync(forge);
        await forge.HostAsync();
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        Assert.Equal(candidate, await forge.TargetAsync());
        Assert.Equal("1", await forge.MirrorAsync("rev-list", "--count", "--grep=Muster-Task: FLT-1", "main"));
        Assert.Equal(candidate, (await forge.PullAsync("FLT!1")).MergeSha);
    }

    [Fact]
    public async Task When_the_target_moved_meanwhile_the_merge_is_made_and_checked_anew()
    {
        await using var forge = await Forge.StartAsync();
        var (task, candidate) = await HoldAtCandidateAsync(forge);
        await Forge.CommitAsync(forge.Origin, "person.txt", "mine\n");
        using (var synced = await forge.Plane.RawAsync(HttpMethod.Post, Routes.With(Routes.ProjectSync, "FLT"))) synced.EnsureSuccessStatusCode();
        var person = await forge.TargetAsync();
        await ReleaseAsync(forge);
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        Assert.NotEqual(candidate, await forge.TargetAsync());
        Assert.Equal(person, await forge.MirrorAsync("rev-parse", "main^1"));
        var pull = await forge.PullAsync("FLT!1");
        Assert.Contains(pull.Checks, c => c.Sha == pull.MergeSha && c.State == JobState.Passed);
    }

    [Fact]
    public async Task A_check_that_cannot_be_run_leaves_the_line_to_the_others_until_a_person_approves()
    {
        await using var forge = await Forge.StartAsync();
        var first = await forge.ClaimAsync("ada", "First");
        var second = await forge.ClaimAsync("bob", "Second");
        var head = await forge.WorkAsync(second, "second.txt", "2\n");
        await forge.HandInAsync(first, "first.txt", "1\n");
        await forge.UntilStatusAsync(first.Task.Key, TaskState.Done);
        forge.Answer = job => Task.FromResult<JobReport?>(job.Job.Sha == head ? new JobReport { Outcome = JobState.Passed } : new JobReport { Outcome = JobState.Error, Detail = "no shell here" });
        await forge.CompleteAsync(second, head);
        await forge.UntilEventAsync(EventTypes.PullApprovalNeeded);
        var pull = await forge.PullAsync("FLT!2");
        Assert.Contains("no shell here", pull.ApprovalReason);
        Assert.Equal((PullState.Open, false), (pull.State, pull.Approved));
        Assert.Empty(await forge.Plane.GetAsync<QueueEntry[]>(Routes.MergeQueue));

        forge.Answer = _ => Task.FromResult<JobReport?>(new JobReport { Outcome = JobState.Passed });
        await forge.ReviewAsync(pull, Verdicts.Approve);
        await forge.UntilStatusAsync(second.Task.Key, TaskState.Done);
    }

    [Fact]
    public async Task A_cancelled_task_leaves_the_line_and_its_pull_request_is_closed()
    {
        await using var forge = await Forge.StartAsync();
        var (task, _) = await HoldAtCandidateAsync(forge);
        using (var cancelled = await forge.Plane.RawAsync(HttpMethod.Post, Routes.With(Routes.TaskCancel, task.Task.Key))) cancelled.EnsureSuccessStatusCode();
        await forge.UntilAsync(() => forge.PullAsync("FLT!1"), p => p.State == PullState.Closed);
        Assert.Empty(await forge.Plane.GetAsync<QueueEntry[]>(Routes.MergeQueue));
        Assert.Equal("", await forge.MirrorAsync("log", "--grep=Muster-Task", "--format=%H", "main"));
    }

    [Fact]
    public async Task What_the_person_committed_is_brought_in_and_a_push_that_they_do_not_take_is_said_and_holds_nothing_up()
    {
        await using var forge = await Forge.StartAsync(project: p => p with { PushBack = true });
        await File.WriteAllTextAsync(Path.Combine(forge.Origin, "readme.md"), "edited, not committed\n");
        var task = await forge.ClaimAsync("ada");
        await forge.HandInAsync(task, "a.txt", "one\n");
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        var said = await forge.UntilEventAsync(EventTypes.ProjectDiverged);
        Assert.Contains("Commit or stash", said.Text);

        await GitShell.RunAsync(forge.Origin, "commit", "-q", "-a", "-m", "My edit");
        using (var synced = await forge.Plane.RawAsync(HttpMethod.Post, Routes.With(Routes.ProjectSync, "FLT"))) synced.EnsureSuccessStatusCode();
        Assert.Equal(await forge.TargetAsync(), await GitShell.RunAsync(forge.Origin, "rev-parse", "main"));
        Assert.Contains("My edit", await GitShell.RunAsync(forge.Origin, "log", "--format=%s", "main"));
        Assert.True(File.Exists(Path.Combine(forge.Origin, "a.txt")));
    }

    /// <summary>Many attempts whose work starts from the same commit, handed in one after the other.</summary>
    private static async Task<List<ClaimedTask>> HandInManyAsync(Forge forge, Func<int, string> file)
    {
        var tasks = new List<ClaimedTask>();
        for (var i = 0; i < Many; i++) tasks.Add(await forge.ClaimAsync("ada", $"Change {i}"));
        var folder = await forge.CloneAsync(tasks[0]);
        foreach (var (task, i) in tasks.Select((t, i) => (t, i)))
        {
            await GitShell.RunAsync(folder, "checkout", "-q", "--detach", "origin/main");
            var head = await forge.CommitAndPushAsync(task, folder, file(i), $"{i}\n");
            await forge.CompleteAsync(task, head);
        }

        return tasks;
    }

    /// <summary>Brings one pull request so far that its merge is made and its check is in the hands of a host that does not answer.</summary>
    private static async Task<(ClaimedTask Task, string Candidate)> HoldAtCandidateAsync(Forge forge)
    {
        // A commit of the person, so that the merge is not what was checked before.
        var task = await forge.ClaimAsync("ada");
        var head = await forge.WorkAsync(task, "a.txt", "one\n");
        await Forge.CommitAsync(forge.Origin, "other.txt", "x\n");
        forge.Answer = job => Task.FromResult<JobReport?>(job.Job.Sha == head ? new JobReport { Outcome = JobState.Passed } : null);
        await forge.CompleteAsync(task, head);
        var started = await forge.UntilAsync(
            async () => (await forge.Plane.GetAsync<Page<JobInfo>>(Routes.Jobs + "?state=running")).Items.FirstOrDefault(j => j.Sha != head), j => j is not null);
        return (task, started!.Sha);
    }

    private static async Task ReleaseAsync(Forge forge)
    {
        forge.Answer = _ => Task.FromResult<JobReport?>(new JobReport { Outcome = JobState.Passed });
        await RequeueRunningJobAsync(forge);
    }

    /// <summary>As when the host that held the job is gone.</summary>
    private static Task RequeueRunningJobAsync(Forge forge) => forge.ForgetRunningJobsAsync();
}
