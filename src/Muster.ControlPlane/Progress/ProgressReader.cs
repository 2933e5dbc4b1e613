using System.Data;
using Dapper;
using Muster.Contracts.Progress;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Progress;

/// <summary>How far the projects are, from the rows themselves (C7).</summary>
public static class ProgressReader
{
    public static async Task<ProgressSummary> SummaryAsync(IDbConnection c, DateTimeOffset now) => new()
    {
        Projects = await ProjectsAsync(c, null, now.ToUnixTimeMilliseconds()),
        Agents = await c.QueryFirstAsync<int>("SELECT COUNT(*) FROM agents WHERE active = 1"),
        AgentsWorking = await c.QueryFirstAsync<int>("SELECT COUNT(DISTINCT agent_id) FROM assignments WHERE status = 'active'"),
        At = now,
    };

    public static async Task<IReadOnlyList<ProjectProgress>> ProjectsAsync(IDbConnection c, string? projectId, long now)
    {
        var projects = (await c.QueryAsync<ProjectRow>(ProjectRow.Select + " WHERE @projectId IS NULL OR id = @projectId ORDER BY key", new { projectId })).AsList();
        var counts = (await c.QueryAsync<StateCount>(
            $"""
            SELECT project_id, status, SUM(tasks) AS tasks, SUM(ready) AS ready, SUM(minutes) AS minutes, MIN(started_at) AS started_at, SUM(worked_minutes) AS worked_minutes
              FROM ({DoneCounts.States}) s GROUP BY project_id, status
            """, new { projectId, until = await DoneCounts.UntilAsync(c) })).ToLookup(s => s.ProjectId, StringComparer.Ordinal);
        var epics = (await c.QueryAsync<EpicRow>("SELECT * FROM epics WHERE @projectId IS NULL OR project_id = @projectId ORDER BY number", new { projectId }))
            .ToLookup(e => e.ProjectId, StringComparer.Ordinal);
        return projects.ConvertAll(p => Of(p, [.. counts[p.Id]], [.. epics[p.Id].Select(e => e.ToInfo())], now));
    }

    /// <summary>A century: what takes longer has no date worth telling, and one after the year 9999 cannot be told.</summary>
    private const double LongestHours = 36_500 * 24;

    private static ProjectProgress Of(ProjectRow project, List<StateCount> states, IReadOnlyList<EpicInfo> epics, long now)
    {
        var counted = states.Where(s => s.Status != TaskState.Cancelled).ToList();
        var done = counted.Find(s => s.Status == TaskState.Done);
        double hours = counted.Sum(s => s.Minutes) / 60.0, hoursDone = (done?.Minutes ?? 0) / 60.0;
        int tasks = counted.Sum(s => s.Tasks), tasksDone = done?.Tasks ?? 0;
        var velocity = Velocity(counted, done, now);
        return new ProjectProgress
        {
            ProjectId = project.Id,
            Project = project.Key,
            Name = project.Name,
            Tasks = tasks,
            ByStatus = TaskState.All.ToDictionary(s => s, s => states.Find(x => x.Status == s)?.Tasks ?? 0, StringComparer.Ordinal),
            Ready = states.Sum(s => s.Ready),
            Hours = Math.Round(hours, 2),
            HoursDone = Math.Round(hoursDone, 2),
            Percent = Math.Round(hours > 0 ? 100 * hoursDone / hours : tasks > 0 ? 100.0 * tasksDone / tasks : 0, 1),
            Velocity = velocity is { } v ? Math.Round(v, 2) : null,
            Eta = velocity is > 0 && hours > hoursDone ? Times.At(now).AddHours(Math.Min((hours - hoursDone) / velocity.Value, LongestHours)) : null,
            Epics = epics,
        };
    }

    /// <summary>Hours of plan done by this crew per hour since it began; what was imported as done does not count.</summary>
    private static double? Velocity(List<StateCount> states, StateCount? done, long now)
    {
        var started = states.Where(s => s.StartedAt is not null).Select(s => s.StartedAt!.Value).DefaultIfEmpty(long.MaxValue).Min();
        if (done is null || done.WorkedMinutes == 0 || started >= now) return null;
        return done.WorkedMinutes / 60.0 / ((now - started) / 3_600_000.0);
    }

    private sealed record StateCount
    {
        public string ProjectId { get; init; } = "";
        public string Status { get; init; } = "";
        public int Tasks { get; init; }
        public int Ready { get; init; }
        public long Minutes { get; init; }
        public long WorkedMinutes { get; init; }
        public long? StartedAt { get; init; }
    }
}
