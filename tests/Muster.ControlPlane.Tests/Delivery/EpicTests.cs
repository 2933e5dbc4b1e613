using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>Branches of epics (C6): tasks go into the epic's branch, the epic into the target once, and only when the result is green.</summary>
[Trait("req", "C6")]
public sealed class EpicTests
{
    private const string Branch = "epic-1/payment-service";

    [Fact]
    public async Task Two_tasks_are_merged_into_the_branch_of_their_epic_and_the_epic_into_the_target_once()
    {
        await using var forge = await StartAsync();
        var start = await forge.TargetAsync();
        var (first, second) = await TwoTasksAsync(forge);
        Assert.Equal((Branch, start), (first.Git!.TargetBranch, first.Git.TargetSha));
        await forge.HandInAsync(first, "a.txt", "one\n");
        await forge.UntilStatusAsync(first.Task.Key, TaskState.Done);
        Assert.Contains(await forge.Plane.GetAsync<EvidenceInfo[]>(Routes.With(Routes.TaskEvidence, first.Task.Key)), e => e is { Kind: EvidenceKinds.Pr, Outcome: "merged", Verified: true });
        Assert.Equal(Branch, (await forge.PullAsync("FLT!1")).Base);
        Assert.Equal(start, await forge.TargetAsync());

        await forge.HandInAsync(second, "b.txt", "two\n");
        await forge.UntilEventAsync(EventTypes.EpicMerged);
        Assert.Single(forge.Events(), e => e.Type == EventTypes.EpicMerged);
        Assert.Equal("1", await forge.MirrorAsync("log", "-1", "--format=%(trailers:key=Muster-Epic,valueonly)", "main"));
        Assert.Equal(start, await forge.MirrorAsync("rev-parse", "main^1"));
        Assert.Equal(await forge.MirrorAsync("rev-parse", Branch), await forge.MirrorAsync("rev-parse", "main^2"));
        Assert.Equal("FLT-1\nFLT-2", string.Join('\n', (await TrailersAsync(forge)).Order(StringComparer.Ordinal)));
        Assert.Empty(await QueueAsync(forge));
        await forge.UntilAsync(() => forge.MirrorAsync("for-each-ref", "refs/muster/queue"), refs => refs.Length == 0);
    }

    [Fact]
    public async Task What_is_new_in_the_target_is_brought_into_the_branch_before_a_merge_and_another_epic_is_not_held_up()
    {
        await using var forge = await StartAsync();
        var (first, second) = await TwoTasksAsync(forge);
        var other = await EpicTaskAsync(forge, 2, "Search", "dan");
        await Forge.CommitAsync(forge.Origin, "person.txt", "mine\n");
        await forge.HandInAsync(first, "a.txt", "one\n");
        await forge.UntilStatusAsync(first.Task.Key, TaskState.Done);
        Assert.Equal("mine", await forge.MirrorAsync("show", Branch + ":person.txt"));

        await forge.HandInAsync(other, "s.txt", "search\n");
        await forge.UntilEventAsync(EventTypes.EpicMerged, e => e.Text.Contains("Search"));
        Assert.NotEqual(0, (await GitShell.TryAsync(forge.Mirror, null, "cat-file", "-e", "main:a.txt")).Code);
        await forge.HandInAsync(second, "b.txt", "two\n");
        await forge.UntilEventAsync(EventTypes.EpicMerged, e => e.Text.Contains("Payment"));
    }

    [Fact]
    public async Task A_red_check_on_the_epics_result_is_said_and_tried_again_after_a_new_commit()
    {
        await using var forge = await StartAsync();
        var (head, candidate) = await HoldAtCandidateAsync(forge);
        forge.Answer = job => Task.FromResult<JobReport?>(job.Job.Sha == candidate ? new JobReport { Outcome = JobState.Failed, ExitCode = 1, Detail = "they disagree" } : Pass);
        await forge.ForgetRunningJobsAsync();
        var said = await forge.UntilEventAsync(EventTypes.EpicBlocked);
        Assert.Contains("they disagree", said.Text);
        var entry = Assert.Single(await QueueAsync(forge));
        Assert.Equal((1, "blocked", 0, head), (entry.Epic, entry.State, entry.Position, entry.HeadSha));
        Assert.Contains("they disagree", entry.Detail);

        // It holds up nobody, and the task that mends it belongs to the epic.
        var mend = await EpicTaskAsync(forge, 1, "Payment service", "eve");
        await forge.UntilAsync(() => QueueAsync(forge), q => q.Count == 0);
        await forge.HandInAsync(mend, "mend.txt", "mended\n");
        await forge.UntilEventAsync(EventTypes.EpicMerged);
        Assert.Equal("mended", await forge.MirrorAsync("show", "main:mend.txt"));
        Assert.Single(forge.Events(), e => e.Type == EventTypes.EpicBlocked);
    }

    [Fact]
    public async Task An_epic_that_conflicts_with_the_target_waits_and_is_tried_again_when_the_target_moves()
    {
        await using var forge = await StartAsync();
        var (first, second) = await TwoTasksAsync(forge);
        await forge.HandInAsync(first, "same.txt", "ours\n");
        await forge.UntilStatusAsync(first.Task.Key, TaskState.Done);
        await Forge.CommitAsync(forge.Origin, "same.txt", "theirs\n");
        await forge.HandInAsync(second, "b.txt", "two\n");
        var said = await forge.UntilEventAsync(EventTypes.EpicBlocked, e => e.Text.Contains("is not merged into main"));
        Assert.Contains("same.txt", said.Text);
        Assert.Equal("blocked", Assert.Single(await QueueAsync(forge)).State);

        await Forge.CommitAsync(forge.Origin, "same.txt", "ours\n");
        await SyncAsync(forge);
        await forge.UntilEventAsync(EventTypes.EpicMerged);
        Assert.Equal("two", await forge.MirrorAsync("show", "main:b.txt"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Killed_around_the_moment_the_target_moves_an_epic_is_merged_once(bool moved)
    {
        await using var forge = await StartAsync();
        var (_, candidate) = await HoldAtCandidateAsync(forge);
        await forge.StopAsync();
        // As if the plane had died after the ref moved and before the store's commit, or just before both.
        if (moved) await forge.MirrorAsync("update-ref", "refs/heads/main", candidate);
        forge.Answer = _ => Task.FromResult<JobReport?>(Pass);
        await forge.OpenAsync();
        if (!moved) await forge.ForgetRunningJobsAsync();
        await forge.HostAsync();
        await forge.UntilAsync(() => QueueAsync(forge), q => q.Count == 0);
        Assert.Equal(candidate, await forge.TargetAsync());
        Assert.Equal("1", await forge.MirrorAsync("rev-list", "--count", "--grep=^Merge epic 1", "main"));
    }

    [Fact]
    public async Task An_epic_with_an_open_or_failed_task_is_not_merged_and_a_cancelled_one_does_not_count()
    {
        await using var forge = await StartAsync();
        var (first, second) = await TwoTasksAsync(forge);
        await forge.HandInAsync(first, "a.txt", "one\n");
        await forge.UntilStatusAsync(first.Task.Key, TaskState.Done);
        Assert.Empty(await QueueAsync(forge));
        using (var cancelled = await forge.Plane.RawAsync(HttpMethod.Post, Routes.With(Routes.TaskCancel, second.Task.Key))) cancelled.EnsureSuccessStatusCode();
        await forge.UntilEventAsync(EventTypes.EpicMerged);
        Assert.Equal("one", await forge.MirrorAsync("show", "main:a.txt"));
    }

    [Fact]
    public async Task A_task_that_asks_for_a_deployment_is_done_when_its_epic_is_deployed()
    {
        await using var forge = await StartAsync();
        forge.Answer = job => Task.FromResult<JobReport?>(job.Job.Kind == JobKinds.Deploy
            ? new JobReport { Outcome = JobState.Passed, Url = "http://127.0.0.1:1/", HealthStatus = 200, HealthBody = "ok" } : Pass);
        var task = await EpicTaskAsync(forge, 1, "Payment service", "ada", "commit + pr(merged) + deployment(healthy)");
        await forge.HandInAsync(task, "a.txt", "one\n");
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        Assert.Single(forge.Events(), e => e.Type == EventTypes.EpicMerged);
    }

    [Fact]
    public async Task A_task_added_after_the_merge_goes_the_same_way_also_when_the_option_is_switched_off_half_way()
    {
        await using var forge = await StartAsync();
        var first = await EpicTaskAsync(forge, 1, "Payment service", "ada");
        await forge.HandInAsync(first, "a.txt", "one\n");
        await forge.UntilEventAsync(EventTypes.EpicMerged);
        var (second, third) = await TwoTasksAsync(forge);
        await forge.HandInAsync(second, "b.txt", "two\n");
        await forge.UntilStatusAsync(second.Task.Key, TaskState.Done);
        Assert.False((await forge.Plane.PatchAsync<ProjectInfo>(Routes.With(Routes.Project, "FLT"), new UpdateProject { EpicBranches = false })).EpicBranches);
        await forge.HandInAsync(third, "c.txt", "three\n");
        await forge.UntilStatusAsync(third.Task.Key, TaskState.Done);
        Assert.Equal("main", (await forge.PullAsync("FLT!3")).Base);
        await forge.UntilAsync(() => Task.FromResult(forge.Events().Count(e => e.Type == EventTypes.EpicMerged)), n => n == 2);
        foreach (var file in (string[])["a.txt", "b.txt", "c.txt"]) await forge.MirrorAsync("cat-file", "-e", "main:" + file);
    }

    [Fact]
    public async Task A_project_without_the_option_merges_tasks_of_an_epic_into_its_target()
    {
        await using var forge = await Forge.StartAsync();
        var task = await EpicTaskAsync(forge, 1, "Payment service", "ada");
        Assert.Equal("main", task.Git!.TargetBranch);
        await forge.HandInAsync(task, "a.txt", "one\n");
        await forge.UntilStatusAsync(task.Task.Key, TaskState.Done);
        Assert.Equal("one", await forge.MirrorAsync("show", "main:a.txt"));
        Assert.Equal("", await forge.MirrorAsync("for-each-ref", "refs/heads/epic-1"));
        Assert.DoesNotContain(forge.Events(), e => e.Type is EventTypes.EpicBranched or EventTypes.EpicQueued or EventTypes.EpicMerged);
    }

    private static JobReport Pass { get; } = new() { Outcome = JobState.Passed };

    private static Task<Forge> StartAsync() => Forge.StartAsync(project: p => p with { EpicBranches = true });

    private static async Task<IReadOnlyList<QueueEntry>> QueueAsync(Forge forge) => await forge.Plane.GetAsync<QueueEntry[]>(Routes.MergeQueue);

    private static async Task SyncAsync(Forge forge)
    {
        using var synced = await forge.Plane.RawAsync(HttpMethod.Post, Routes.With(Routes.ProjectSync, "FLT"));
        synced.EnsureSuccessStatusCode();
    }

    private static async Task<string[]> TrailersAsync(Forge forge) =>
        (await forge.MirrorAsync("log", "--format=%(trailers:key=Muster-Task,valueonly,separator=)", "main")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<(ClaimedTask First, ClaimedTask Second)> TwoTasksAsync(Forge forge) =>
        (await EpicTaskAsync(forge, 1, "Payment service", "ada"), await EpicTaskAsync(forge, 1, "Payment service", "bob"));

    private static async Task<ClaimedTask> EpicTaskAsync(Forge forge, int number, string epic, string agent, string? contract = null)
    {
        var known = await forge.Plane.GetAsync<Page<EpicInfo>>(Routes.Epics + "?project=FLT");
        if (known.Items.All(e => e.Number != number)) await forge.Plane.PostAsync<EpicInfo>(Routes.Epics, new CreateEpic { Project = "FLT", Number = number, Title = epic });
        await forge.Plane.BeatAsync(agent);
        await forge.Plane.TaskAsync(new CreateTask { Project = "FLT", Title = "Work of " + agent, Epic = number, Contract = contract });
        return Assert.Single(await forge.Plane.ClaimAsync(agent));
    }

    /// <summary>Brings an epic so far that its merge is made and its check is in the hands of a host that does not answer.</summary>
    private static async Task<(string Head, string Candidate)> HoldAtCandidateAsync(Forge forge)
    {
        var (first, second) = await TwoTasksAsync(forge);
        await forge.HandInAsync(first, "a.txt", "one\n");
        await forge.UntilStatusAsync(first.Task.Key, TaskState.Done);
        forge.Answer = async job =>
        {
            if (job.Job.TaskId is null) return null;
            // A commit of the person after the last merge into the branch, so that the epic's result is not what was checked before.
            var person = Path.Combine(forge.Origin, "person.txt");
            if (!File.Exists(person) && (await GitShell.TryAsync(forge.Mirror, null, "cat-file", "-e", job.Job.Sha + "^2")).Code == 0) await Forge.CommitAsync(forge.Origin, "person.txt", "mine\n");
            return Pass;
        };
        await forge.HandInAsync(second, "b.txt", "two\n");
        var job = await forge.UntilAsync(async () => (await forge.Plane.GetAsync<Page<JobInfo>>(Routes.Jobs + "?state=running")).Items.FirstOrDefault(j => j.TaskId is null), j => j is not null);
        return (await forge.MirrorAsync("rev-parse", Branch), job!.Sha);
    }
}
