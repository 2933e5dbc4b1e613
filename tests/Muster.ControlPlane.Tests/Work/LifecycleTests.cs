using System.Data.Common;
using System.Text.RegularExpressions;
using Dapper;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Data.Sqlite;
using Muster.Contracts;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tests.Work;

/// <summary>The state machine of a task (B1, C1): once in code, once in the schema, and the two agree.</summary>
public sealed class LifecycleTests
{
    [Fact]
    public void The_schema_holds_exactly_the_transitions_of_the_code()
    {
        var schema = Migrations.All[0].Sql;
        var check = schema[schema.IndexOf("CASE previous_status", StringComparison.Ordinal)..];
        var inSchema = Regex.Matches(check[..check.IndexOf("ELSE 1 = 0", StringComparison.Ordinal)], "WHEN '(?<from>[a-z_]+)' THEN(?<to>.*)", RegexOptions.None, TimeSpan.FromSeconds(1))
            .SelectMany(line => Regex.Matches(line.Groups["to"].Value, "status = '(?<to>[a-z_]+)'", RegexOptions.None, TimeSpan.FromSeconds(1)).Select(m => (line.Groups["from"].Value, m.Groups["to"].Value)))
            .Where(p => p.Item1 != "new").ToHashSet();
        var inCode = (from state in TaskState.All from fact in Enum.GetValues<TaskFact>() let next = TaskLifecycle.Next(state, fact) where next is not null select (state, next)).ToHashSet();
        Assert.Equal(inCode.Order(), inSchema.Order());
    }

    [Fact]
    public async Task The_schema_refuses_what_the_code_would_never_write()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync("one");
        await plane.BeatAsync("a");
        var held = Assert.Single(await plane.ClaimAsync("a"));
        string[] forbidden =
        [
            "UPDATE tasks SET previous_status = status, status = 'done', percent_complete = 100, completed_at = 1",
            "UPDATE tasks SET previous_status = 'pending', status = 'done', percent_complete = 100, completed_at = 1, assignment_id = NULL",
            "UPDATE tasks SET ready = 1",
            "UPDATE tasks SET open_dependencies = -1",
            "UPDATE tasks SET assignment_id = NULL",
            "UPDATE tasks SET percent_complete = 101",
            "UPDATE assignments SET status = 'completed'",
            $"INSERT INTO assignments (id, task_id, agent_id, epoch, status, lease_until, started_at) VALUES ('x', '{held.Task.Id}', '{held.Assignment.AgentId}', 2, 'active', 0, 0)",
            $"INSERT INTO assignments (id, task_id, agent_id, epoch, status, lease_until, started_at, ended_at) VALUES ('x', '{held.Task.Id}', '{held.Assignment.AgentId}', 1, 'failed', 0, 0, 1)",
        ];
        foreach (var sql in forbidden)
            await Assert.ThrowsAnyAsync<DbException>(() => plane.Store.WriteAsync(tx => tx.Execute(sql)));
    }

    /// <summary>Model-based: whatever agents and people do in whatever order, counters, gates and readiness stay true to the rows.</summary>
    [Fact]
    public async Task Readiness_and_counters_stay_true_whatever_happens()
    {
        await using var plane = await TestPlane.StartAsync();
        var seed = Environment.GetEnvironmentVariable("MUSTER_SEED") is { } text ? int.Parse(text) : Random.Shared.Next();
        var random = new Random(seed);
        await plane.ProjectAsync(leaseSeconds: 60, maxFailures: 2);
        foreach (var number in Enumerable.Range(1, 3))
            await plane.PostAsync<EpicInfo>(Routes.Epics, new CreateEpic { Project = "FLT", Number = number, Title = $"epic {number}", Gate = number == 1 ? null : new Gate { Epics = [number - 1], Percent = 50 } });
        foreach (var agent in (string[])["a", "b", "c"]) await plane.BeatAsync(agent);
        List<string> keys = [];
        List<ClaimedTask> held = [];
        for (var step = 0; step < 300; step++)
        {
            switch (random.Next(8))
            {
                case 0 or 1:
                    var on = keys.Where(_ => random.Next(4) == 0).Take(3).ToArray();
                    keys.Add((await plane.TaskAsync(new CreateTask { Project = "FLT", Title = $"t{step}", Epic = random.Next(4) is var e and > 0 ? e : null, EstimateHours = random.Next(5), DependsOn = on })).Key);
                    break;
                case 2 or 3:
                    held.AddRange(await plane.ClaimAsync(((string[])["a", "b", "c"])[random.Next(3)], max: random.Next(1, 4)));
                    break;
                case 4 when held.Count > 0:
                    await EndAsync(plane, Take(held, random), Routes.AssignmentComplete, new CompleteAssignment());
                    break;
                case 5 when held.Count > 0:
                    await EndAsync(plane, Take(held, random), Routes.AssignmentFail, new FailAssignment { Reason = "x" });
                    break;
                case 6 when keys.Count > 0:
                    // Cancelling or retrying at a wrong moment is refused, and that is fine here.
                    using (await plane.RawAsync(HttpMethod.Post, Routes.With(random.Next(2) == 0 ? Routes.TaskCancel : Routes.TaskRetry, keys[random.Next(keys.Count)]))) { }
                    break;
                default:
                    await plane.PassAsync(TimeSpan.FromSeconds(random.Next(40)));
                    break;
            }

            await CheckAsync(plane, seed, step);
        }
    }

    /// <summary>Refused when the lease ran out or the task was cancelled meanwhile, and only then.</summary>
    private static async Task EndAsync(TestPlane plane, ClaimedTask task, string route, object body)
    {
        using var response = await plane.RawAsync(HttpMethod.Post, Routes.With(route, task.Assignment.Id), body, task.Lease);
        var lost = (int)response.StatusCode == 409;
        var now = await plane.GetAsync<AssignmentInfo>(Routes.With(Routes.Assignment, task.Assignment.Id));
        Assert.Equal(lost, now.Status is AssignmentState.Expired or AssignmentState.Revoked);
    }

    private static ClaimedTask Take(List<ClaimedTask> held, Random random)
    {
        var index = random.Next(held.Count);
        var task = held[index];
        held.RemoveAt(index);
        return task;
    }

    private static async Task CheckAsync(TestPlane plane, int seed, int step)
    {
        var wrong = (await plane.Store.ReadAsync(c => c.QueryAsync<string>(
            """
            SELECT 'open_dependencies of ' || t.number FROM tasks t
             WHERE open_dependencies <> (SELECT COUNT(*) FROM edges e JOIN tasks d ON d.id = e.depends_on WHERE e.task_id = t.id AND d.status <> 'done')
            UNION ALL SELECT 'ready of ' || t.number FROM tasks t LEFT JOIN epics e ON e.id = t.epic_id
             WHERE (ready = 1) <> (t.status = 'pending' AND t.open_dependencies = 0 AND COALESCE(e.gate_open, 1) = 1 AND t.not_before IS NULL)
            UNION ALL SELECT 'gated of ' || t.number FROM tasks t JOIN epics e ON e.id = t.epic_id WHERE t.gated = e.gate_open
            UNION ALL SELECT 'totals of epic ' || e.number FROM epics e
             WHERE (tasks, tasks_done, minutes, minutes_done) <> (SELECT COUNT(*), COALESCE(SUM(CASE WHEN status = 'done' THEN 1 ELSE 0 END), 0), COALESCE(SUM(estimate_minutes), 0),
                   COALESCE(SUM(CASE WHEN status = 'done' THEN estimate_minutes END), 0) FROM tasks t WHERE t.epic_id = e.id AND t.status <> 'cancelled')
            UNION ALL SELECT 'assignment of ' || t.number FROM tasks t WHERE (t.status = 'in_progress') <> EXISTS (SELECT 1 FROM assignments s WHERE s.task_id = t.id AND s.status = 'active' AND s.epoch = t.epoch AND s.id = t.assignment_id)
            """))).ToList();
        Assert.True(wrong.Count == 0, $"seed {seed}, step {step}: {string.Join("; ", wrong)}");
    }

    /// <summary>What was noted in memory while it was written must not outlive that it was not (C1): the disk was full at the commit.</summary>
    [Fact]
    public async Task A_time_that_has_come_is_not_forgotten_when_the_commit_that_frees_the_task_fails()
    {
        Assert.SkipUnless(string.IsNullOrEmpty(Environment.GetEnvironmentVariable("MUSTER_TEST_STORE")), "A commit is made to fail by a trigger as the embedded engine writes it.");
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync(new CreateTask { Project = "FLT", Title = "later", NotBefore = plane.Clock.GetUtcNow().AddHours(1) });
        await using var beside = new SqliteConnection($"Data Source={Path.Combine(plane.Folder, "muster.db")};Pooling=False");
        await beside.ExecuteAsync(
            """
            CREATE TABLE referred (id INTEGER PRIMARY KEY);
            CREATE TABLE refers (id INTEGER REFERENCES referred (id) DEFERRABLE INITIALLY DEFERRED);
            CREATE TRIGGER fails_at_commit AFTER UPDATE OF not_before ON tasks BEGIN INSERT INTO refers (id) VALUES (1); END
            """);
        plane.Clock.Advance(TimeSpan.FromHours(2));
        // The plane's own sweep may have been first.
        var failed = await Record.ExceptionAsync(() => plane.PassAsync(TimeSpan.Zero));
        Assert.True(failed is null or DbException, $"{failed}");
        Assert.Equal(TaskState.Pending, (await plane.ReadTaskAsync("FLT-1")).Status);
        Assert.Equal(0, await plane.Store.ReadAsync(c => c.QuerySingleAsync<int>("SELECT SUM(ready) FROM tasks")));

        await beside.ExecuteAsync("DROP TRIGGER fails_at_commit");
        await plane.PassAsync(TimeSpan.Zero);
        Assert.Equal(1, await plane.Store.ReadAsync(c => c.QuerySingleAsync<int>("SELECT SUM(ready) FROM tasks")));
    }

    /// <summary>Full jitter never exceeds its ceiling, and giving up always needs the project's number of failures.</summary>
    [Fact]
    public void The_failure_policy_is_bounded_for_any_numbers() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<(PositiveInt Failures, NonNegativeInt Losses, PositiveInt Agents, PositiveInt Max, NormalFloat Random)>(), facts =>
        {
            int failures = facts.Failures.Get, max = facts.Max.Get;
            var delay = FailurePolicy.Delay(failures, Math.Abs(facts.Random.Get) % 1);
            var fact = FailurePolicy.Decide(failures, facts.Losses.Get, facts.Agents.Get, max);
            var enough = failures >= max || facts.Losses.Get >= 4 * max;
            return delay >= TimeSpan.Zero && delay <= TimeSpan.FromMinutes(5)
                && (fact != TaskFact.Poisoned || (enough && facts.Agents.Get >= 2)) && (fact != TaskFact.GivenUp || enough) && (enough || fact == TaskFact.TriedAgain);
        }));
}
