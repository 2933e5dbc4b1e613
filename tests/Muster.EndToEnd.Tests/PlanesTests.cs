using Muster.Client;
using Muster.Conformance.Servers;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>Several real planes on one real PostgreSQL (C5): one leads, any serves, and one that dies or is held up harms nothing.</summary>
public sealed class PlanesTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    [Trait("req", "C5")]
    public async Task A_leader_killed_has_a_successor_and_each_lease_it_kept_is_renewed_or_expires_once()
    {
        await using var crew = await PlaneCrew.StartAsync();
        var (a, b) = (await crew.ServeAsync("a"), await crew.ServeAsync("b"));
        await a.Client.CreateProjectAsync(new CreateProject { Key = "PLN", Name = "Planes", LeaseSeconds = 10, Contract = "" });
        foreach (var title in (string[])["kept", "left"]) await b.Client.CreateTaskAsync(new CreateTask { Project = "PLN", Title = title });
        var kept = await ClaimAsync(a.Client, "walker");
        var left = await ClaimAsync(a.Client, "silent");
        var before = await crew.LeaderAsync();
        var half = await ReadAsync(a.Client, after: 0, until: EventTypes.TaskClaimed, times: 2);

        await a.KillAsync();
        var took = await Conformance.Servers.Until.HoldsAsync(async () => (await crew.LeaderAsync() is var now && now.Term == before.Term + 1 && now.PlaneId != before.PlaneId, $"{now}"), Patience);
        output.WriteLine($"successor after {took.TotalSeconds:0.0} s");

        // The agent goes to the other plane and keeps its task; nobody renews the other one.
        await Until.HoldsAsync(async () =>
        {
            Assert.True(Assert.Single((await BeatAsync(b.Client, "walker", kept.Lease)).Leases).Current);
            var task = await b.Client.GetTaskAsync(left.Task.Key);
            return (task.Status == TaskState.Pending, $"{task.Key} is {task.Status}");
        }, Patience);
        var done = await b.Client.CompleteAssignmentAsync(kept.Assignment.Id, new CompleteAssignment { Summary = "done elsewhere" }, new CallOptions { Lease = kept.Lease });
        Assert.Equal(AssignmentState.Completed, done.Status);

        var rest = await ReadAsync(b.Client, after: half[^1].Seq, until: EventTypes.TaskCompleted, times: 1);
        var log = (await b.Client.ListEventsAsync(after: 0, limit: 200)).Items.Where(e => e.Seq <= rest[^1].Seq).ToList();
        Assert.Equal(log.Select(e => (e.Seq, e.Id)), half.Concat(rest).Select(e => (e.Seq, e.Id)));
        Assert.Equal(Enumerable.Range(1, log.Count).Select(i => (long)i), log.Select(e => e.Seq));
        Assert.Equal(left.Task.Id, Assert.Single(log, e => e.Type == EventTypes.TaskExpired).TaskId);
    }

    [Fact]
    [Trait("req", "C5")]
    public async Task A_leader_held_up_past_its_term_changes_nothing_when_it_goes_on()
    {
        await using var crew = await PlaneCrew.StartAsync();
        var (a, b) = (await crew.ServeAsync("a"), await crew.ServeAsync("b"));
        await b.Client.CreateProjectAsync(new CreateProject { Key = "PLN", Name = "Planes", LeaseSeconds = 3, Contract = "" });
        await b.Client.CreateTaskAsync(new CreateTask { Project = "PLN", Title = "walks over" });
        var held = await ClaimAsync(a.Client, "walker");
        var before = await crew.LeaderAsync();

        Signals.Send(a.Pid, Signals.Stop);
        try
        {
            await RenewUntilAsync(async () => (await crew.LeaderAsync()).Term == before.Term + 1);
        }
        finally
        {
            Signals.Send(a.Pid, Signals.Continue);
        }

        // It finds a lease in its memory that has long run out, and a lead that it takes for its own.
        var thawed = await crew.SeenAsync(before.PlaneId);
        await RenewUntilAsync(async () => await crew.SeenAsync(before.PlaneId) > thawed + 3000);
        Assert.Equal(before.Term + 1, (await crew.LeaderAsync()).Term);
        Assert.Empty((await b.Client.ListEventsAsync(after: 0, filter: new() { Types = [EventTypes.TaskExpired] }, limit: 10)).Items);
        Assert.Equal(AssignmentState.Completed, (await a.Client.CompleteAssignmentAsync(held.Assignment.Id, new CompleteAssignment(), new CallOptions { Lease = held.Lease })).Status);

        Task RenewUntilAsync(Func<Task<bool>> over) => Until.HoldsAsync(async () =>
        {
            Assert.True(Assert.Single((await BeatAsync(b.Client, "walker", held.Lease)).Leases).Current);
            return (await over(), "it goes on");
        }, Patience);
    }

    [Fact]
    [Trait("req", "C5")]
    public async Task What_is_done_at_one_plane_holds_at_the_others_at_once()
    {
        await using var crew = await PlaneCrew.StartAsync();
        var (a, b) = (await crew.ServeAsync("a"), await crew.ServeAsync("b"));
        await a.Client.CreateProjectAsync(new CreateProject { Key = "PLN", Name = "Planes", Contract = "" });

        // Who waits at one plane is woken by what another adds.
        await BeatAsync(b.Client, "waiter");
        var waiting = b.Client.ClaimTasksAsync(new ClaimRequest { Agent = "waiter", WaitSeconds = 50 });
        await a.Client.CreateTaskAsync(new CreateTask { Project = "PLN", Title = "wakes" });
        var claimed = Assert.Single((await waiting.WaitAsync(TimeSpan.FromSeconds(20))).Tasks);

        // A token holds everywhere, and nowhere once it was revoked.
        var token = await a.Client.CreateTokenAsync(new CreateToken { Name = "reader", Scope = Scopes.Viewer });
        using var reader = new MusterClient(new MusterClientOptions { Server = b.Address, Token = token.Secret });
        Assert.Equal("reader", (await reader.WhoAmIAsync()).Name);
        await a.Client.RevokeTokenAsync(token.Token.Id);
        await Until.HoldsAsync(async () =>
        {
            try
            {
                await reader.WhoAmIAsync();
                return (false, "it is still honoured");
            }
            catch (MusterException refused)
            {
                return (refused.Code == ProblemCodes.Unauthenticated, $"{refused.Code}");
            }
        }, TimeSpan.FromSeconds(10));

        // Cancelled at one plane, lost at the other, where it is kept.
        await a.Client.CancelTaskAsync(claimed.Task.Key);
        await Until.HoldsAsync(async () => (!(await BeatAsync(b.Client, "waiter", claimed.Lease)).Leases[0].Current, "the lease is still current"), TimeSpan.FromSeconds(10));

        // Another life of the store voids what was leased in the former one, under running planes.
        await a.Client.CreateTaskAsync(new CreateTask { Project = "PLN", Title = "of another life" });
        var old = await ClaimAsync(a.Client, "waiter");
        await crew.ExecuteAsync($"UPDATE meta SET value = '{Guid.NewGuid():N}' WHERE key = 'incarnation'");
        foreach (var plane in (RunningMuster[])[a, b])
        {
            var refused = await Assert.ThrowsAnyAsync<MusterException>(() => plane.Client.CompleteAssignmentAsync(old.Assignment.Id, new CompleteAssignment(), new CallOptions { Lease = old.Lease }));
            Assert.Equal(ProblemCodes.LeaseLost, refused.Code);
        }

        // Anybody sees who serves and who leads.
        var status = System.Text.Json.JsonDocument.Parse(await crew.Stage.DoAsync("status", "--json", "--data", crew.Stage["b"])).RootElement.GetProperty("planes").EnumerateArray().ToList();
        Assert.Equal(((string[])[$"{Environment.MachineName}:{a.Pid}", $"{Environment.MachineName}:{b.Pid}"]).Order(), status.Select(plane => plane.GetProperty("name").GetString()!).Order());
        Assert.Equal((await crew.LeaderAsync()).PlaneId, Assert.Single(status, plane => plane.GetProperty("leads").GetBoolean()).GetProperty("id").GetString());
        Assert.Equal($"{Environment.MachineName}:{b.Pid}", Assert.Single(status, plane => plane.GetProperty("answers").GetBoolean()).GetProperty("name").GetString());
        Assert.Contains("2 planes: ", await crew.Stage.DoAsync("status", "--data", crew.Stage["b"]), StringComparison.Ordinal);

        // Left in good order, the lead goes on at once, and health says who is there.
        Assert.Equal(0, await a.StopAsync());
        await Until.HoldsAsync(async () => ((await b.Client.GetHealthAsync()).Parts.FirstOrDefault(p => p.Name == "planes")?.Detail is { } said && said.Contains("1 plane", StringComparison.Ordinal) && said.Contains("this one leads", StringComparison.Ordinal), "b does not lead alone"), Patience);
    }

    [Fact]
    [Trait("req", "C6")]
    public async Task Checks_merges_and_deployments_go_on_at_the_successor()
    {
        await using var crew = await PlaneCrew.StartAsync();
        var stage = crew.Stage;
        var leader = await crew.ServeAsync("a");
        var plane = await stage.UpAsync();
        using var project = await ServedProject.SetUpAsync(stage, plane);
        await plane.HostedAsync();
        await stage.DoAsync("agent", "add", "ada", "--executor", "command", "--", stage["agent.sh"]);
        stage.Mark("hold-check");
        await project.AddTaskAsync(stage, "amber");
        await stage.MarkedAsync("checking", Patience);
        await leader.KillAsync();
        File.Delete(stage["hold-check"]);
        await project.UntilServedAsync();
        await project.AddTaskAsync(stage, "birch");
        await project.UntilServedAsync();
        await project.AssertDoneOnceAsync();
    }

    private static async Task<ClaimedTask> ClaimAsync(MusterClient muster, string agent)
    {
        await BeatAsync(muster, agent);
        return Assert.Single((await muster.ClaimTasksAsync(new ClaimRequest { Agent = agent, WaitSeconds = 10 })).Tasks);
    }

    private static Task<HeartbeatAnswer> BeatAsync(MusterClient muster, string agent, params string[] leases) =>
        muster.HeartbeatAsync(new HeartbeatRequest { Agent = agent, Capacity = 10, Leases = leases });

    /// <summary>The stream from after a number up to the n-th event of a type.</summary>
    private static async Task<List<EventInfo>> ReadAsync(MusterClient muster, long after, string until, int times)
    {
        using var limit = new CancellationTokenSource(Patience);
        var read = new List<EventInfo>();
        await foreach (var one in muster.StreamEventsAsync(after, ct: limit.Token))
        {
            read.Add(one);
            if (one.Type == until && --times == 0) return read;
        }

        Assert.Fail($"The stream ended after {read.Count} events");
        return read;
    }
}
