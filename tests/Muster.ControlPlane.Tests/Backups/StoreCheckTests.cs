using Dapper;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tests.Backups;

/// <summary>The checker is worth something only if it finds what is wrong: every rule has a store that breaks it.</summary>
public sealed class StoreCheckTests
{
    public static TheoryData<string, string> Damages => new()
    {
        { "DELETE FROM events WHERE seq = (SELECT MIN(seq) + 3 FROM events)", "event numbers have no gap" },
        { "UPDATE event_head SET seq = 1", "the head of the event log is not behind its last event" },
        { "UPDATE events SET id = (SELECT MIN(id) FROM events)", "event ids are unique" },
        { "UPDATE tasks SET open_dependencies = 5, ready = 0 WHERE number = 1", "open_dependencies is the count of dependencies that are not done" },
        { "UPDATE tasks SET gated = 1, ready = 0 WHERE number = 1", "a task is gated exactly when the gate of its epic is closed" },
        { "UPDATE tasks SET ready = 0 WHERE ready = 1", "a pending task is ready exactly when it waits for nothing" },
        { "UPDATE tasks SET epoch = epoch + 1 WHERE status = 'in_progress'", "a task in progress has one open assignment, of its newest epoch" },
        { "UPDATE tasks SET assignment_id = 'another' WHERE status = 'in_progress'", "an open assignment is that of a task in progress" },
        { "DELETE FROM assignments WHERE status = 'completed'", "epochs of a task are counted without a gap" },
        { "UPDATE projects SET next_task = 1", "numbers of tasks and pull requests are below the next to be given" },
        { "UPDATE epics SET tasks = tasks + 1", "an epic's counts are those of its tasks" },
        { "UPDATE assignments SET ended_at = started_at - 1 WHERE status = 'completed'", "an ended assignment ends after it began" },
    };

    [Fact]
    public async Task A_store_that_was_used_breaks_no_rule()
    {
        await using var plane = await UsedAsync();
        Assert.Empty(await plane.Store.ReadAsync(c => StoreCheck.RunAsync(c)));
    }

    [Theory, MemberData(nameof(Damages))]
    public async Task What_was_damaged_is_found(string sql, string rule)
    {
        await using var plane = await UsedAsync();
        var changed = await plane.Store.WriteAsync(tx => tx.Execute(sql));
        Assert.True(changed > 0, "nothing was damaged");
        Assert.Contains(await plane.Store.ReadAsync(c => StoreCheck.RunAsync(c)), fault => fault.Rule == rule && fault.Rows.Count > 0);
    }

    /// <summary>Tasks in many states: done, held, waiting for another, failed, cancelled, in an epic.</summary>
    internal static async Task<TestPlane> UsedAsync()
    {
        var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync(contract: "", maxFailures: 1);
        await plane.PostAsync<EpicInfo>(Contracts.Routes.Epics, new CreateEpic { Project = "FLT", Number = 1, Title = "First" });
        await plane.BeatAsync("one");
        var first = await plane.TaskAsync("first");
        await plane.TaskAsync("second", dependsOn: first.Key);
        foreach (var title in (string[])["third", "fourth", "fifth", "sixth"])
            await plane.TaskAsync(new CreateTask { Project = "FLT", Title = title, Epic = 1, EstimateHours = 2 });
        var taken = await plane.ClaimAsync("one", max: 4);
        await plane.CompleteAsync(taken[1]);
        await plane.PostAsync<AssignmentInfo>(Contracts.Routes.With(Contracts.Routes.AssignmentFail, taken[2].Assignment.Id), new FailAssignment { Reason = "it broke", Retry = false }, taken[2].Lease);
        await plane.PostAsync<TaskInfo>(Contracts.Routes.With(Contracts.Routes.TaskCancel, taken[3].Task.Key), new Reason { Text = "not needed" });
        return plane;
    }
}
