using System.Text.Json;
using Muster.Contracts.Events;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Keeps an epic's totals and opens or closes the gates that look at them, in the transaction of the change.</summary>
public static class EpicCounters
{
    public static void Add(StoreTransaction tx, TaskRow task, bool done = false) => Change(tx, task, 1, done ? 1 : 0, task.EstimateMinutes ?? 0);

    public static void Remove(StoreTransaction tx, TaskRow task) =>
        Change(tx, task, -1, task.Status == Contracts.Work.TaskState.Done ? -1 : 0, -(task.EstimateMinutes ?? 0));

    public static void Done(StoreTransaction tx, TaskRow task)
    {
        if (task.EpicId is null) return;
        tx.ExecuteOne("UPDATE epics SET tasks_done = tasks_done + 1, minutes_done = minutes_done + @minutes, updated_at = @Now WHERE id = @EpicId",
            new { minutes = task.EstimateMinutes ?? 0, task.EpicId, tx.Now });
        TestGates(tx, task.ProjectId);
    }

    /// <summary>After an estimate was edited.</summary>
    public static void Reestimate(StoreTransaction tx, TaskRow task, long? minutes)
    {
        if (task.EpicId is null) return;
        var delta = (minutes ?? 0) - (task.EstimateMinutes ?? 0);
        var done = task.Status == Contracts.Work.TaskState.Done ? delta : 0;
        tx.ExecuteOne("UPDATE epics SET minutes = minutes + @delta, minutes_done = minutes_done + @done, updated_at = @Now WHERE id = @EpicId",
            new { delta, done, task.EpicId, tx.Now });
        TestGates(tx, task.ProjectId);
    }

    /// <summary>Compares every gate of a project with the epics it names.</summary>
    public static void TestGates(StoreTransaction tx, string projectId)
    {
        var gated = tx.Query<EpicRow>("SELECT * FROM epics WHERE project_id = @projectId AND gate_epics IS NOT NULL", new { projectId });
        if (gated.Count == 0) return;
        var epics = tx.Query<EpicRow>("SELECT * FROM epics WHERE project_id = @projectId", new { projectId }).ToDictionary(e => e.Number);
        foreach (var epic in gated)
        {
            var open = IsOpen(epic, epics);
            if (open == epic.GateOpen) continue;
            tx.ExecuteOne("UPDATE epics SET gate_open = @open, updated_at = @Now WHERE id = @Id", new { open, tx.Now, epic.Id });
            Readiness.SetGate(tx, epic.Id, open);
            tx.Emit(open ? EventTypes.EpicGateOpened : EventTypes.EpicGateClosed,
                $"The gate of epic {epic.Number} '{epic.Title}' {(open ? "opened" : "closed")}", projectId, data: new { epic = epic.Number });
        }
    }

    /// <summary>All named epics together have reached the share of their hours; of their tasks where none has hours.</summary>
    private static bool IsOpen(EpicRow epic, Dictionary<int, EpicRow> epics)
    {
        var named = JsonSerializer.Deserialize<int[]>(epic.GateEpics!)!.Where(epics.ContainsKey).Select(n => epics[n]).ToList();
        long minutes = named.Sum(e => e.Minutes), done = named.Sum(e => e.MinutesDone);
        if (minutes == 0) (minutes, done) = (named.Sum(e => e.Tasks), named.Sum(e => e.TasksDone));
        return done * 100 >= minutes * epic.GatePercent!.Value;
    }

    private static void Change(StoreTransaction tx, TaskRow task, int tasks, int done, long minutes)
    {
        if (task.EpicId is null) return;
        tx.ExecuteOne(
            """
            UPDATE epics SET tasks = tasks + @tasks, tasks_done = tasks_done + @done, minutes = minutes + @minutes,
                   minutes_done = minutes_done + @minutesDone, updated_at = @Now WHERE id = @EpicId
            """, new { tasks, done, minutes, minutesDone = done == 0 ? 0 : minutes, task.EpicId, tx.Now });
        TestGates(tx, task.ProjectId);
    }
}
