using Muster.Client;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>A project of many tasks that merge at once, and the plane's claims about it held against git's word.</summary>
internal sealed class MergeLedger(Stage stage, Repository repository)
{
    private const string Key = "WRD";

    // One file each, so that every pull request merges and the line before the target is never empty.
    private const string Agent = """
        #!/bin/sh
        set -e
        echo "$MUSTER_TASK $MUSTER_ATTEMPT" > "words/$MUSTER_TASK_TITLE"

        """;

    public static async Task<MergeLedger> SetUpAsync(Stage stage, MusterClient plane, int tasks)
    {
        var repository = await Repository.CreateAsync(stage["words-of-mine"]);
        await stage.WriteScriptAsync("agent.sh", Agent);
        await stage.DoAsync("project", "add", repository.Path, "--key", Key, "--push-back", "true", "--max-failures", "20");
        for (var task = 1; task <= tasks; task++) await plane.CreateTaskAsync(new CreateTask { Project = Key, Title = $"word-{task}" });
        return new MergeLedger(stage, repository);
    }

    /// <summary>Starts a host and its agents: from now on there are merges.</summary>
    public async Task<RunningHost> BeginAsync(RunningMuster plane)
    {
        var host = stage.StartHost();
        await plane.HostedAsync();
        await stage.DoAsync("agent", "add", "shell", "--count", "3", "--executor", "command", "--", "./agent.sh");
        return host;
    }

    /// <summary>The mirror, where the plane moves the target.</summary>
    public Repository Mirror => new(Path.Combine(Directory.GetDirectories(stage["data/projects"]).Single(), "repo.git"));

    public static async Task<int> OpenAsync(MusterClient plane) =>
        (await plane.ListTasksAsync(project: Key)).Items.Count(task => task.Status != TaskState.Done);

    /// <summary>No task is done without its merge, at any time: asked between the kills.</summary>
    public async Task AssertNothingClaimedTooMuchAsync(MusterClient plane)
    {
        // The tasks first: git may know more than the plane said, never less.
        var done = (await plane.ListTasksAsync(project: Key)).Items.Where(task => task.Status == TaskState.Done).ToList();
        var merged = (await Mirror.TrailersAsync("Muster-Task")).Select(one => one.Value).ToList();
        Assert.Equal(merged.Distinct(StringComparer.Ordinal), merged);
        Assert.Subset(merged.ToHashSet(StringComparer.Ordinal), done.Select(task => task.Key).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>
    /// Waits for the end. Then: one merge with its trailers per task, none twice, each task's head in the target, and the
    /// person's repository at the same commit. Answers when each merge was written down, by its commit.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> AssertDoneOnceAsync(MusterClient plane, TimeSpan patience)
    {
        IReadOnlyList<TaskInfo> tasks = [];
        await Until.HoldsAsync(async () =>
        {
            tasks = (await plane.ListTasksAsync(project: Key)).Items;
            return (tasks.All(task => task.Status == TaskState.Done), string.Join("; ", tasks.Where(task => task.Status != TaskState.Done).Select(task => $"{task.Key} {task.Status} {task.LastReason}")));
        }, patience);
        var head = await Mirror.GitAsync("rev-parse", "trunk");
        await Until.HoldsAsync(async () => (await repository.GitAsync("rev-parse", "trunk") == head, $"trunk is not at {head}"), patience);

        var merges = await repository.TrailersAsync("Muster-Task");
        Assert.Equal(tasks.Select(task => task.Key).Order(StringComparer.Ordinal), merges.Select(one => one.Value).Order(StringComparer.Ordinal));
        // Nothing but those merges and the person's own first commit.
        Assert.Equal(merges.Count + 1, (await repository.GitAsync("rev-list", "--first-parent", "trunk")).Split('\n').Length);
        var agents = await repository.TrailersAsync("Muster-Agent");
        var assignments = await repository.TrailersAsync("Muster-Assignment");
        var written = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var task in tasks)
        {
            var merge = merges.Single(one => one.Value == task.Key).Sha;
            var pull = Assert.Single((await plane.ListPullsAsync(task: task.Id)).Items, pull => pull.State == "merged");
            Assert.Equal(merge, pull.MergeSha);
            var handedIn = Assert.Single((await plane.ListAssignmentsAsync(task: task.Id, status: AssignmentState.Completed)).Items);
            Assert.Contains((merge, handedIn.Id), assignments);
            Assert.Contains((merge, handedIn.Agent), agents);
            Assert.Equal($"{task.Key} {handedIn.Epoch}", await repository.GitAsync("show", $"trunk:words/{task.Title}"));
            Assert.Equal(task.HeadSha, await repository.GitAsync("rev-parse", $"{merge}^2"));
            Assert.Single(await plane.ListEvidenceAsync(task.Id), one => one is { Kind: "pr", Outcome: "merged", Verified: true } && one.Sha == merge);
            written[merge] = pull.MergedAt!.Value;
        }

        return written;
    }
}
