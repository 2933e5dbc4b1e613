using Muster.Contracts.Progress;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Progress;

/// <summary>Writes how a project stands into its time series.</summary>
public static class Snapshots
{
    public static SnapshotInfo Add(StoreTransaction tx, ProjectProgress p, int working)
    {
        var row = new SnapshotRow
        {
            Id = Ids.New(),
            ProjectId = p.ProjectId,
            Tasks = p.Tasks,
            TasksDone = p.ByStatus[TaskState.Done],
            TasksInProgress = p.ByStatus[TaskState.InProgress] + p.ByStatus[TaskState.Review],
            Minutes = (long)Math.Round(p.Hours * 60),
            MinutesDone = (long)Math.Round(p.HoursDone * 60),
            Velocity = p.Velocity,
            AgentsWorking = working,
            At = tx.Now,
        };
        tx.ExecuteOne(
            """
            INSERT INTO progress_snapshots (id, project_id, tasks, tasks_done, tasks_in_progress, minutes, minutes_done, velocity, agents_working, at)
            VALUES (@Id, @ProjectId, @Tasks, @TasksDone, @TasksInProgress, @Minutes, @MinutesDone, @Velocity, @AgentsWorking, @At)
            """, row);
        return row.ToInfo();
    }
}

/// <summary>A row of <c>progress_snapshots</c>.</summary>
public sealed record SnapshotRow
{
    public string Id { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public int Tasks { get; init; }
    public int TasksDone { get; init; }
    public int TasksInProgress { get; init; }
    public long Minutes { get; init; }
    public long MinutesDone { get; init; }
    public double? Velocity { get; init; }
    public int AgentsWorking { get; init; }
    public long At { get; init; }

    public SnapshotInfo ToInfo() => new()
    {
        Id = Id,
        ProjectId = ProjectId,
        Tasks = Tasks,
        TasksDone = TasksDone,
        TasksInProgress = TasksInProgress,
        Hours = Minutes / 60.0,
        HoursDone = MinutesDone / 60.0,
        Percent = Math.Round(Minutes > 0 ? 100.0 * MinutesDone / Minutes : Tasks > 0 ? 100.0 * TasksDone / Tasks : 0, 1),
        Velocity = Velocity,
        AgentsWorking = AgentsWorking,
        At = Times.At(At),
    };
}
