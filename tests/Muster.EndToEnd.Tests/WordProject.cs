using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>
/// A person's project in which every task adds its word to one common list, so that all agents edit the same file, and
/// shell scripts as agents. What git then holds shows every effect that was lost or happened twice.
/// </summary>
internal static class WordProject
{
    public const int Words = 8;
    public const string Key = "WRD";

    private const string Plan = """
        # Words

        Total: 8 issues in 2 epics, 16 hours

        ## Epic 1: First words (4 issues, 8h)

        - [ ] 1.1 alpha (2h)
        - [ ] 1.2 bravo (2h)
        - [ ] 1.3 charlie (2h), after 1.1
        - [ ] 1.4 delta (2h)

        ## Epic 2: More words (4 issues, 8h)

        Blocked until Epic 1 reaches 50%

        - [ ] 2.1 echo (2h)
        - [ ] 2.2 foxtrot (2h), after 2.1
        - [ ] 2.3 golf (2h)
        - [ ] 2.4 hotel (2h)

        """;

    // Works in two steps with time between them, so that a kill finds it half done.
    private const string Agent = """
        #!/bin/sh
        set -e
        word=$MUSTER_TASK_TITLE
        echo "$MUSTER_TASK attempt $MUSTER_ATTEMPT: $word"
        mkdir -p words
        echo "$word" > "words/$word"
        sleep 0.7
        echo "$word" >> list.txt
        sleep 0.3

        """;

    /// <summary>Repository, project, agents and plan, all by the command line.</summary>
    public static async Task<Repository> SetUpAsync(Stage stage, int agents)
    {
        var repository = await Repository.CreateAsync(stage["words-of-mine"]);
        await File.WriteAllTextAsync(stage["agent.sh"], Agent);
        File.SetUnixFileMode(stage["agent.sh"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(stage["plan.md"], Plan);
        await stage.DoAsync("project", "add", repository.Path, "--key", Key, "--push-back", "true", "--lease", "10", "--max-failures", "20");
        await stage.DoAsync("agent", "add", "shell", "--count", $"{agents}", "--executor", "command", "--", "./agent.sh");
        await stage.DoAsync("plan", "import", "plan.md", "--project", Key);
        return repository;
    }

    /// <summary>Waits until all words are done, then holds the plane's claims against the person's repository.</summary>
    public static async Task AssertDoneOnceAsync(RunningMuster muster, Repository repository, TimeSpan patience)
    {
        IReadOnlyList<TaskInfo> tasks = [];
        await Until.HoldsAsync(async () =>
        {
            tasks = (await muster.Client.ListTasksAsync(project: Key)).Items;
            var seen = string.Join("; ", tasks.Select(task => $"{task.Key} {task.Status} ({task.Attempts}) {task.LastReason} {string.Join(',', task.WaitingOn.Select(reason => reason.Detail))}"));
            return (tasks.Count == Words && tasks.All(task => task.Status == TaskState.Done), seen);
        }, patience);
        var head = (await muster.Client.ListBranchesAsync(Key)).Single(branch => branch.Kind == "target").Sha;
        await Until.HoldsAsync(async () => (await repository.GitAsync("rev-parse", "trunk") == head, $"trunk is not at {head}"), TimeSpan.FromSeconds(60));

        var merges = await repository.TrailersAsync("Muster-Task");
        Assert.Equal(tasks.Select(task => task.Key).Order(StringComparer.Ordinal), merges.Select(merge => merge.Value).Order(StringComparer.Ordinal));
        var list = (await repository.GitAsync("show", "trunk:list.txt")).Split('\n');
        Assert.Equal(tasks.Select(task => task.Title).Order(StringComparer.Ordinal), list.Order(StringComparer.Ordinal));
        foreach (var task in tasks)
        {
            var merge = merges.Single(one => one.Value == task.Key);
            var evidence = await muster.Client.ListEvidenceAsync(task.Id);
            Assert.Contains(evidence, one => one is { Kind: "pr", Outcome: "merged", Verified: true } && one.Sha == merge.Sha);
            Assert.Contains(evidence, one => one is { Kind: "test", Outcome: "pass", Verified: true });
            var pulls = await muster.Client.ListPullsAsync(task: task.Id);
            Assert.Equal(merge.Sha, Assert.Single(pulls.Items, pull => pull.State == "merged").MergeSha);
            // The commit that the agent handed in is what was merged.
            var parents = (await repository.GitAsync("show", "-s", "--format=%P", merge.Sha)).Split(' ');
            Assert.Contains(task.HeadSha, parents);
        }

        Assert.Empty(await repository.GitAsync("status", "--porcelain"));
    }
}
