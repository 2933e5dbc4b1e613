using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Work;

/// <summary>Tasks, their edges, gates and reasons (B2, C1, C4).</summary>
public sealed class PlanTasksTests
{
    [Fact]
    public async Task Every_pending_task_says_what_it_waits_for_in_codes_and_in_a_sentence()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.PostAsync<EpicInfo>(Routes.Epics, new CreateEpic { Project = "FLT", Number = 1, Title = "first" });
        await plane.PostAsync<EpicInfo>(Routes.Epics, new CreateEpic { Project = "FLT", Number = 2, Title = "second", Gate = new Gate { Epics = [1], Percent = 50 } });
        var first = await plane.TaskAsync(new CreateTask { Project = "FLT", Epic = 1, Title = "first", EstimateHours = 4 });
        var second = await plane.TaskAsync(new CreateTask { Project = "FLT", Epic = 1, Title = "second", EstimateHours = 4, DependsOn = [first.Key] });
        var gated = await plane.TaskAsync(new CreateTask { Project = "FLT", Epic = 2, Title = "gated" });
        var later = await plane.TaskAsync(new CreateTask { Project = "FLT", Title = "later", NotBefore = DateTimeOffset.UtcNow.AddHours(1) });

        Assert.Equal(WaitingCodes.NoMatchingAgent, await CodeAsync(plane, first.Key));
        Assert.Equal(WaitingCodes.Dependency, await CodeAsync(plane, second.Key));
        Assert.Equal(WaitingCodes.EpicGate, await CodeAsync(plane, gated.Key));
        Assert.Equal(WaitingCodes.NotBefore, await CodeAsync(plane, later.Key));
        var why = await plane.GetAsync<TaskWhy>(Routes.With(Routes.TaskWhy, gated.Key));
        Assert.Equal($"{gated.Key} waits: epic 2 starts when epic 1 reaches 50% and 0% is done.", why.Sentence);

        await plane.BeatAsync("a");
        await plane.CompleteAsync((await plane.ClaimAsync("a"))[0]);
        Assert.Equal(WaitingCodes.Capacity, await CodeAsync(plane, second.Key));
        Assert.Equal(WaitingCodes.Capacity, await CodeAsync(plane, gated.Key));
        await plane.PassAsync(TimeSpan.FromHours(1.1));
        Assert.Equal(WaitingCodes.Capacity, await CodeAsync(plane, later.Key));
    }

    [Fact]
    public async Task A_circle_is_refused_and_changes_nothing()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var a = await plane.TaskAsync("a");
        var b = await plane.TaskAsync("b", "FLT", a.Key);
        var c = await plane.TaskAsync("c", "FLT", b.Key);
        foreach (var (task, on) in ((string, string)[])[(a.Key, c.Key), (a.Key, b.Key), (a.Key, a.Key)])
            Assert.Equal(ProblemCodes.Cycle, (await plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.TaskDependencies, task), new AddDependency { On = on })).Code);
        Assert.Empty((await plane.ReadTaskAsync(a.Key)).DependsOn);
        Assert.Equal(ProblemCodes.Cycle, (await plane.RefusedAsync(HttpMethod.Post, Routes.Epics, new CreateEpic { Project = "FLT", Number = 1, Title = "x", Gate = new Gate { Epics = [1], Percent = 50 } })).Code);
    }

    [Fact]
    public async Task A_task_that_fails_on_two_agents_is_quarantined_and_a_person_can_give_it_another_life()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync(maxFailures: 3);
        var task = await plane.TaskAsync("poison");
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            var agent = attempt == 2 ? "b" : "a";
            await plane.BeatAsync(agent);
            await plane.PassAsync(TimeSpan.FromMinutes(6));
            await plane.BeatAsync(agent);
            await plane.FailAsync(Assert.Single(await plane.ClaimAsync(agent)), $"broken {attempt}");
            if (attempt < 3) Assert.Equal(WaitingCodes.Backoff, await CodeAsync(plane, task.Key));
        }

        var quarantined = await plane.ReadTaskAsync(task.Key);
        Assert.Equal((TaskState.Quarantined, 3, 3, "broken 3"), (quarantined.Status, quarantined.Attempts, quarantined.Failures, quarantined.LastReason));
        Assert.Contains("muster task retry", (await plane.GetAsync<TaskWhy>(Routes.With(Routes.TaskWhy, task.Key))).Sentence, StringComparison.Ordinal);
        await plane.PostAsync<TaskInfo>(Routes.With(Routes.TaskRetry, task.Key));
        Assert.Equal(4, Assert.Single(await plane.ClaimAsync("b")).Assignment.Epoch);
    }

    [Fact]
    public async Task A_single_agent_cannot_quarantine_a_task_but_does_not_try_for_ever()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync(maxFailures: 2);
        var task = await plane.TaskAsync("hard");
        await plane.BeatAsync("a");
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            await plane.PassAsync(TimeSpan.FromMinutes(6));
            await plane.BeatAsync("a");
            await plane.FailAsync(Assert.Single(await plane.ClaimAsync("a")));
        }

        Assert.Equal(TaskState.Failed, (await plane.ReadTaskAsync(task.Key)).Status);
    }

    [Fact]
    public async Task A_dead_agent_reported_by_its_host_gives_its_tasks_back_at_once()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var task = await plane.TaskAsync("one");
        var host = await plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "h1", Cores = 2 });
        var agent = await plane.PostAsync<AgentInfo>(Routes.Agents, new CreateAgent { Name = "a", Host = "h1", Definition = new AgentDefinition { Executor = Executors.Command, Command = ["true"] } });
        await plane.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "a" });
        var held = Assert.Single(await plane.ClaimAsync("a"));
        await plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest
        {
            Host = "h1",
            Agents = [new AgentProcess { AgentId = agent.Id, State = "backoff", Restarts = 1, Deaths = 1, LastError = "killed by signal 9" }],
        });
        Assert.Equal(TaskState.Pending, (await plane.ReadTaskAsync(task.Key)).Status);
        Assert.Equal(AssignmentState.Died, (await plane.GetAsync<AssignmentInfo>(Routes.With(Routes.Assignment, held.Assignment.Id))).Status);
        Assert.Equal("a", Assert.Single(host.HostId.Length > 0 ? (await plane.GetAsync<Page<HostInfo>>(Routes.Hosts)).Items : []).Agents[0]);
    }

    [Fact]
    public async Task The_shared_plan_is_imported_twice_without_a_second_copy()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var body = new PlanRequest { Project = "FLT", Markdown = "# Plan\n\n## Epic 1: One (2 issues, 8h)\n\n- [x] 1.1 First (4h)\n- [ ] 1.2 Second (4h), after 1.1\n\n## Epic 2: Two (1 issue, 2h)\n\nBlocked until Epic 1 reaches 100%\n\n- [ ] 2.1 Third (2h)\n" };
        var first = await plane.PostAsync<PlanImported>(Routes.PlanImport, body);
        var second = await plane.PostAsync<PlanImported>(Routes.PlanImport, body);
        Assert.Equal((2, 3, 0), (first.EpicsCreated, first.TasksCreated, first.TasksKept));
        Assert.Equal((0, 0, 3), (second.EpicsCreated, second.TasksCreated, second.TasksKept));
        var tasks = (await plane.GetAsync<Page<TaskInfo>>("/api/tasks?project=FLT")).Items;
        Assert.Equal([("1.1", TaskState.Done), ("1.2", TaskState.Pending), ("2.1", TaskState.Pending)], tasks.Select(t => (t.IssueNumber!, t.Status)));
        Assert.Equal("1.2", Assert.Single((await plane.GetAsync<Page<TaskInfo>>("/api/tasks/ready/list")).Items).IssueNumber);
        Assert.Equal(50, (await plane.GetAsync<Page<EpicInfo>>("/api/epics?project=FLT")).Items[0].Percent);
    }

    private static async Task<string> CodeAsync(TestPlane plane, string key) => Assert.Single((await plane.ReadTaskAsync(key)).WaitingOn).Code;
}
