using System.Collections.Concurrent;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Work;

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
    public async Task What_was_given_before_is_not_offered_again_when_something_else_of_the_next_commit_fails()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        for (var i = 0; i < 16; i++) await plane.TaskAsync($"task {i}");
        await plane.BeatAsync("many");
        await plane.BeatAsync("one");
        Assert.Equal(10, (await plane.ClaimAsync("many", max: 10)).Count);
        var one = await plane.Store.ReadAsync(c => c.QuerySingleAsync<string>("SELECT id FROM agents WHERE name = 'one'"));

        // The three are one commit: the first holds the writer until the others wait behind it.
        using var held = new SemaphoreSlim(0);
        using var holds = new SemaphoreSlim(0);
        var first = Task.Run(() => plane.Store.WriteAsync(_ => { holds.Release(); return held.Wait(TimeSpan.FromSeconds(30)); }));
        await holds.WaitAsync();
        var fails = plane.Store.WriteAsync<int>(tx =>
        {
            tx.Execute("UPDATE projects SET updated_at = updated_at");
            throw new Refusal(409, "refused", "It has written, and fails.");
        });
        var claim = plane.Store.WriteAsync(plane.Services.GetRequiredService<ClaimTasks>(), new ClaimItem(one, new ClaimRequest { Agent = "one", Max = 1 }, null, null));
        held.Release();
        await first;
        await Assert.ThrowsAsync<Refusal>(() => fails);
        Assert.Equal(11, Assert.Single((await claim).Tasks).Task.Number);
    }

    /// <summary>One round trip hands in and takes; each hand-in stands or falls by itself, and what one makes ready may be taken at once.</summary>
    [Fact]
    public async Task What_is_done_is_handed_in_and_the_next_is_taken_in_one_request()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var first = await plane.TaskAsync("first");
        await plane.TaskAsync("second", "FLT", first.Key);
        await plane.BeatAsync("a");
        var held = Assert.Single(await plane.ClaimAsync("a"));
        var completion = new Completion { AssignmentId = held.Assignment.Id, Lease = held.Lease, Result = new CompleteAssignment { Summary = "done" } };
        var request = new ClaimRequest { Agent = "a", Complete = [completion, completion with { Lease = "mls_none" }] };
        var commits = new ConcurrentQueue<string>();
        plane.Store.Listen(committed => commits.Enqueue(string.Join(' ', committed.Events.Select(e => e.Type))));

        var answer = await plane.PostAsync<ClaimAnswer>(Routes.Claims, request, key: "k1");
        Assert.Equal(AssignmentState.Completed, answer.Completed![0].Assignment!.Status);
        Assert.Equal(ProblemCodes.LeaseLost, answer.Completed[1].Refused!.Code);
        Assert.Equal("second", Assert.Single(answer.Tasks).Task.Title);
        Assert.Contains($"{EventTypes.TaskCompleted} {EventTypes.TaskReady} {EventTypes.TaskClaimed}", commits);

        // The answer was lost and the request comes again: the same outcome, the same task, nothing twice.
        var again = await plane.PostAsync<ClaimAnswer>(Routes.Claims, request, key: "k1");
        Assert.Equal(answer.Tasks[0].Assignment.Id, Assert.Single(again.Tasks).Assignment.Id);
        Assert.Equal(answer.Tasks[0].Lease, again.Tasks[0].Lease);
        Assert.Equal(AssignmentState.Completed, again.Completed![0].Assignment!.Status);

        var last = new Completion { AssignmentId = answer.Tasks[0].Assignment.Id, Lease = answer.Tasks[0].Lease };
        var end = await plane.PostAsync<ClaimAnswer>(Routes.Claims, new ClaimRequest { Agent = "a", Max = 0, Complete = [last] });
        Assert.Empty(end.Tasks);
        Assert.Null(end.Completed![0].Refused);
        Assert.Equal(ProblemCodes.Invalid, (await plane.RefusedAsync(HttpMethod.Post, Routes.Claims, new ClaimRequest { Agent = "a", Max = 0 })).Code);
    }

    /// <summary>A ready task that memory was not told of is found by the slow sweep, and one that it wrongly remembers is not given out.</summary>
    [Fact]
    public async Task The_store_decides_what_is_ready_and_the_sweep_finds_what_was_missed()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync("known");
        await plane.TaskAsync("unknown");
        await plane.BeatAsync("a");
        // Past every operation, as a repair by hand would.
        await plane.Store.WriteAsync(tx => tx.Execute("UPDATE tasks SET ready = 0"));
        Assert.Empty(await plane.ClaimAsync("a", max: 2));
        await plane.Store.WriteAsync(tx => tx.Execute("UPDATE tasks SET ready = 1"));
        Assert.Empty(await plane.ClaimAsync("a", max: 2));
        await plane.Services.GetRequiredService<ControlPlane.Work.ReadyTasks>().SweepAsync(default);
        Assert.Equal(2, (await plane.ClaimAsync("a", max: 2)).Count);
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
    [Trait("req", "B8")]
    public async Task A_drained_agent_finishes_what_it_holds_gets_nothing_new_and_a_stopped_one_gives_it_back()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        foreach (var title in new[] { "first", "second", "third" }) await plane.TaskAsync(title);
        await plane.BeatAsync("a");
        var held = Assert.Single(await plane.ClaimAsync("a"));

        Assert.Equal(DesiredState.Draining, (await plane.PostAsync<AgentInfo>(Routes.With(Routes.AgentDrain, "a"))).Desired);
        Assert.Empty(await plane.ClaimAsync("a"));
        var told = await plane.BeatAsync("a", held.Lease);
        Assert.Equal((DesiredState.Draining, true), (told.Desired, Assert.Single(told.Leases).Current));
        await plane.CompleteAsync(held);
        Assert.Empty(await plane.ClaimAsync("a"));

        await plane.PostAsync<AgentInfo>(Routes.With(Routes.AgentResume, "a"));
        var next = Assert.Single(await plane.ClaimAsync("a"));
        await plane.PostAsync<AgentInfo>(Routes.With(Routes.AgentStop, "a"));
        Assert.False(Assert.Single((await plane.BeatAsync("a", next.Lease)).Leases).Current);
        Assert.Equal(TaskState.Pending, (await plane.ReadTaskAsync(next.Task.Key)).Status);
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
        Assert.Contains("paused", (await plane.RefusedAsync(HttpMethod.Post, Routes.Assignments, new CreateAssignment { Task = task.Key, Agent = "a" })).Detail, StringComparison.Ordinal);
        Assert.Equal(WaitingCodes.Paused, Assert.Single((await plane.ReadTaskAsync(task.Key)).WaitingOn).Code);
        await plane.PostAsync<ProjectInfo>(Routes.With(Routes.ProjectResume, "FLT"));
        await plane.PostAsync<AgentInfo>(Routes.With(Routes.AgentPause, "a"));
        Assert.Empty(await plane.ClaimAsync("a"));
        Assert.Equal(WaitingCodes.NoMatchingAgent, Assert.Single((await plane.ReadTaskAsync(task.Key)).WaitingOn).Code);
        await plane.PostAsync<AgentInfo>(Routes.With(Routes.AgentResume, "a"));
        Assert.Single(await plane.ClaimAsync("a"));
        await plane.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "a", Capacity = 1 });
        var second = await plane.TaskAsync("two");
        Assert.Contains("as many tasks", (await plane.RefusedAsync(HttpMethod.Post, Routes.Assignments, new CreateAssignment { Task = second.Key, Agent = "a" })).Detail, StringComparison.Ordinal);
    }
}
