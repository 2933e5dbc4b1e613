using Muster.Client;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>Agents that are stopped past their lease and wake up when somebody else does their task (requirement A5).</summary>
public sealed class ZombieTests(ITestOutputHelper output)
{
    // Long enough for a busy machine to renew it in time until the agent is stopped.
    private const int LeaseSeconds = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // What it writes says who it was. It waits to be let go on, so that it is stopped, and taken over from, in the middle.
    private const string Agent = """
        #!/bin/sh
        set -e
        echo "$MUSTER_AGENT" > "words/$MUSTER_TASK_TITLE"
        : > "$STAGE/started-$MUSTER_AGENT"
        while [ ! -e "$STAGE/go-$MUSTER_AGENT" ]; do sleep 0.02; done
        echo "$MUSTER_TASK_TITLE" >> list.txt
        : > "$STAGE/finished-$MUSTER_AGENT"

        """;

    [Theory]
    [Trait("req", "A5")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_zombie_is_refused_everything_and_its_successor_is_not_disturbed(bool stoppedInItsPush)
    {
        await using var stage = new Stage();
        await GitTap.InstallAsync(stage);
        var muster = await stage.UpAsync();
        var plane = muster.Client;
        var repository = await SetUpAsync(stage);
        var zombie = await AddAgentAsync(stage, plane, "zombie");
        await stage.MarkedAsync("started-zombie", Patience);
        if (stoppedInItsPush)
        {
            stage.Mark(GitTap.HoldPush);
            stage.Mark("go-zombie");
            await stage.MarkedAsync(GitTap.Pushing, Patience);
        }

        var first = Assert.Single((await plane.ListAssignmentsAsync(task: "WRD-1")).Items);
        var marker = (await File.ReadAllTextAsync(stage["data/host/run"])).Trim() + "/agent-" + zombie;
        var stopped = await MarkedProcesses.StopAsync(marker);
        // The agent itself, and what it runs.
        Assert.Contains(stopped, pid => MarkedProcesses.Command(pid).Contains("agent run", StringComparison.Ordinal));
        Assert.Contains(stopped, pid => MarkedProcesses.Command(pid).Contains(stoppedInItsPush ? " push " : "agent.sh", StringComparison.Ordinal));
        var token = stopped.Select(pid => MarkedProcesses.Variable(pid, "MUSTER_TOKEN")).OfType<string>().First();
        var lease = await GitTap.LastLeaseAsync(stage);
        await UntilAssignmentAsync(plane, first.Id, AssignmentState.Expired);
        // Only the zombie was to be late: its heir lives on however busy the machine is.
        await stage.DoAsync("project", "set", "WRD", "--lease", "120");

        await AddAgentAsync(stage, plane, "heir");
        await stage.MarkedAsync("started-heir", Patience);
        var second = Assert.Single((await plane.ListAssignmentsAsync(task: "WRD-1", status: AssignmentState.Active)).Items);
        var before = await ZombieCalls.SeenAsync(plane, second.Id, Mirror(stage));

        // Awake, with all it needs to go on: its program may finish, its push may go out.
        File.Delete(stage[GitTap.HoldPush]);
        stage.Mark("go-zombie");
        foreach (var pid in stopped) Signals.Send(pid, Signals.Continue);
        using var old = new MusterClient(new MusterClientOptions { Server = muster.Address, Token = token });
        var calls = new ZombieCalls(old, repository, lease, first, second);
        var refused = await calls.TryAllAsync();
        await Until.HoldsAsync(async () => (await OpenAsync(plane, zombie) == 0 && MarkedProcesses.Find(marker).Count == 1, "the zombie still works"), Patience);
        Assert.Equal(before, await ZombieCalls.SeenAsync(plane, second.Id, Mirror(stage)));

        stage.Mark("go-heir");
        await Until.HoldsAsync(async () => await plane.GetTaskAsync("WRD-1") is var task && task.Status == TaskState.Done ? (true, "") : (false, $"{task.Status} {task.LastReason}"), Patience);
        refused += await calls.TryAllAsync();
        await AssertDoneByAsync(plane, repository, second);
        output.WriteLine($"{stopped.Count} processes stopped; {refused} calls and pushes of the zombie refused");
        Assert.Equal(0, await muster.StopAsync());
    }

    private static async Task<Repository> SetUpAsync(Stage stage)
    {
        var repository = await Repository.CreateAsync(stage["words-of-mine"]);
        await stage.WriteScriptAsync("agent.sh", Agent);
        await stage.DoAsync("project", "add", repository.Path, "--key", "WRD", "--push-back", "true", "--lease", $"{LeaseSeconds}");
        await stage.DoAsync("task", "add", "alpha", "--project", "WRD");
        return repository;
    }

    private static async Task<string> AddAgentAsync(Stage stage, MusterClient plane, string name)
    {
        await stage.DoAsync("agent", "add", name, "--executor", "command", "--", "./agent.sh");
        return (await plane.GetAgentAsync(name)).Id;
    }

    private static Task UntilAssignmentAsync(MusterClient plane, string id, string status) => Until.HoldsAsync(
        async () => await plane.GetAssignmentAsync(id) is var one && one.Status == status ? (true, "") : (false, one.Status), Patience);

    private static async Task<int> OpenAsync(MusterClient plane, string agent) =>
        (await plane.ListAssignmentsAsync(agent: agent, status: AssignmentState.Active)).Items.Count;

    private static Repository Mirror(Stage stage) => new(Path.Combine(Directory.GetDirectories(stage["data/projects"]).Single(), "repo.git"));

    private static async Task AssertDoneByAsync(MusterClient plane, Repository repository, AssignmentInfo winner)
    {
        var assignments = (await plane.ListAssignmentsAsync(task: "WRD-1")).Items.OrderBy(one => one.Epoch).Select(one => (one.Agent, one.Status));
        Assert.Equal([("zombie", AssignmentState.Expired), ("heir", AssignmentState.Completed)], assignments);
        var merge = Assert.Single((await plane.ListPullsAsync(task: "WRD-1")).Items).MergeSha;
        await Until.HoldsAsync(async () => (await repository.GitAsync("rev-parse", "trunk") == merge, "trunk is not pushed back"), Patience);
        Assert.Equal([(merge!, "WRD-1")], await repository.TrailersAsync("Muster-Task"));
        Assert.Equal([(merge!, winner.Id)], await repository.TrailersAsync("Muster-Assignment"));
        Assert.Equal("heir", await repository.GitAsync("show", "trunk:words/alpha"));
        Assert.Equal("alpha", await repository.GitAsync("show", "trunk:list.txt"));
    }
}
