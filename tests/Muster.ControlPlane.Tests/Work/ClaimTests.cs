using System.Collections.Concurrent;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Work;

/// <summary>Claims (B4, C1): each ready task goes to exactly one agent for each epoch.</summary>
public sealed class ClaimTests
{
    [Fact]
    public async Task Sixteen_agents_claiming_at_once_get_each_of_a_thousand_tasks_exactly_once()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.Store.WriteAsync(tx =>
        {
            for (var i = 0; i < 1000; i++) ControlPlane.Work.AddTask.Run(tx, new CreateTask { Project = "FLT", Title = $"task {i}" });
        });
        var claimed = new ConcurrentBag<(string Task, int Epoch)>();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async n =>
        {
            await plane.BeatAsync($"agent-{n}");
            while (await plane.ClaimAsync($"agent-{n}", max: 1 + n % 3) is { Count: > 0 } tasks)
                foreach (var task in tasks)
                {
                    claimed.Add((task.Task.Id, task.Assignment.Epoch));
                    await plane.CompleteAsync(task);
                }
        }));
        Assert.Equal(1000, claimed.Count);
        Assert.Equal(1000, claimed.Distinct().Count());
        Assert.All(claimed, c => Assert.Equal(1, c.Epoch));
    }

    [Fact]
    public async Task Tasks_come_by_priority_then_age_and_projects_share_fairly()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync("AA");
        await plane.ProjectAsync("BB");
        foreach (var (project, title, priority) in ((string, string, int)[])[("AA", "a1", 3), ("AA", "a2", 3), ("AA", "a3", 1), ("BB", "b1", 3), ("BB", "b2", 3)])
            await plane.TaskAsync(new CreateTask { Project = project, Title = title, Priority = priority });
        await plane.BeatAsync("a");
        List<string> order = [];
        for (var i = 0; i < 5; i++) order.Add((await plane.ClaimAsync("a"))[0].Task.Title);
        // a3 is urgent; then the project that runs less comes first, the older task within it.
        Assert.Equal(["a3", "b1", "a1", "b2", "a2"], order);
    }

    [Fact]
    public async Task A_waiting_claim_wakes_when_a_task_it_can_take_becomes_ready_and_not_for_another()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "writer", Role = "technical-writer" });
        await plane.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "coder", Role = "backend-engineer" });
        var writer = plane.ClaimAsync("writer", waitSeconds: 30);
        var coder = plane.ClaimAsync("coder", waitSeconds: 30);
        await plane.TaskAsync(new CreateTask { Project = "FLT", Title = "code", Role = "backend-engineer" });
        Assert.Equal("code", Assert.Single(await coder).Task.Title);
        Assert.False(writer.IsCompleted);
        await plane.TaskAsync(new CreateTask { Project = "FLT", Title = "text", Role = "technical-writer" });
        Assert.Equal("text", Assert.Single(await writer).Task.Title);
    }

    [Fact]
    public async Task The_same_idempotency_key_claims_once_and_another_body_is_refused()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync("one");
        await plane.TaskAsync("two");
        await plane.BeatAsync("a");
        var body = new ClaimRequest { Agent = "a" };
        var first = await plane.PostAsync<ClaimAnswer>(Routes.Claims, body, key: "k1");
        var again = await plane.PostAsync<ClaimAnswer>(Routes.Claims, body, key: "k1");
        Assert.Equal(first.Tasks[0].Lease, again.Tasks[0].Lease);
        var problem = await plane.RefusedAsync(HttpMethod.Post, Routes.Claims, body with { Max = 2 }, key: "k1");
        Assert.Equal((422, ProblemCodes.IdempotencyMismatch), (problem.Status, problem.Code));
        Assert.Single((await plane.GetAsync<Page<AssignmentInfo>>(Routes.Assignments)).Items);
    }

    [Fact]
    public async Task Paused_projects_and_paused_agents_get_nothing_and_say_why()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var task = await plane.TaskAsync("one");
        await plane.BeatAsync("a");
        await plane.PostAsync<ProjectInfo>(Routes.With(Routes.ProjectPause, "FLT"));
        Assert.Empty(await plane.ClaimAsync("a"));
        Assert.Equal(WaitingCodes.Paused, Assert.Single((await plane.ReadTaskAsync(task.Key)).WaitingOn).Code);
        await plane.PostAsync<ProjectInfo>(Routes.With(Routes.ProjectResume, "FLT"));
        await plane.PostAsync<AgentInfo>(Routes.With(Routes.AgentPause, "a"));
        Assert.Empty(await plane.ClaimAsync("a"));
        Assert.Equal(WaitingCodes.NoMatchingAgent, Assert.Single((await plane.ReadTaskAsync(task.Key)).WaitingOn).Code);
        await plane.PostAsync<AgentInfo>(Routes.With(Routes.AgentResume, "a"));
        Assert.Single(await plane.ClaimAsync("a"));
    }
}
