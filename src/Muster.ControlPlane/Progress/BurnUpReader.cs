using System.Data;
using Dapper;
using Muster.Contracts.Progress;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Progress;

/// <summary>How a plan grew and was done (C7), from when its tasks were made and completed: nobody has to take snapshots for it.</summary>
public static class BurnUpReader
{
    /// <summary>Steps from the first task to now.</summary>
    private const int Steps = 60;

    public static async Task<BurnUp> ReadAsync(IDbConnection c, ProjectRow project, DateTimeOffset time)
    {
        var began = project.CreatedAt;
        var until = await DoneCounts.UntilAsync(c);
        var step = Math.Max(1, (time.ToUnixTimeMilliseconds() - began) / Steps);
        // One walk over the tasks, however long they are worked on: when each was made, and when it was over. What is done and old is counted already.
        var groups = (await c.QueryAsync<Group>(
            $"""
            SELECT (created_at - @began) / @step AS made, NULL AS done, MIN(started_at) AS started, COUNT(*) AS tasks, COALESCE(SUM(estimate_minutes), 0) AS minutes
              FROM tasks WHERE project_id = @Id AND status IN ('pending', 'in_progress', 'review', 'failed', 'quarantined') GROUP BY 1
            UNION ALL
            SELECT (created_at - @began) / @step, (completed_at - @began) / @step, MIN(started_at), COUNT(*), COALESCE(SUM(estimate_minutes), 0)
              FROM tasks WHERE project_id = @Id AND status = 'done' AND completed_at >= @until GROUP BY 1, 2
            UNION ALL
            SELECT ({DoneCounts.TimeOf("made_hour")} - @began) / @step, ({DoneCounts.TimeOf("done_hour")} - @began) / @step, MIN(started_at), SUM(tasks), SUM(minutes)
              FROM done_by_hour WHERE project_id = @Id AND done_hour < @until / 3600000 GROUP BY 1, 2
            """, new { project.Id, began, step, until })).AsList();
        if (groups.Count == 0) return new BurnUp { Project = project.Key, Points = [] };
        Sum[] made = [.. Enumerable.Repeat(new Sum(), Steps + 1)], done = [.. made];
        foreach (var group in groups)
        {
            made[In(group.Made)] += group.Sum;
            if (group.Done is { } at) done[In(at)] += group.Sum;
        }

        var points = new List<BurnUpPoint>();
        Sum all = new(), over = new();
        for (var n = 0; n <= Steps; n++)
        {
            all += made[n];
            over += done[n];
            points.Add(new BurnUpPoint { At = n == Steps ? time : Times.At(began + (n * step)), Tasks = all.Tasks, TasksDone = over.Tasks, Hours = Math.Round(all.Minutes / 60.0, 2), HoursDone = Math.Round(over.Minutes / 60.0, 2) });
        }

        var started = groups.Min(g => g.Started);
        return new BurnUp { Project = project.Key, Points = points, Forecast = started is { } first ? await ForecastAsync(c, project.Id, first, until, time, all, over) : null };

        // Steps are whole milliseconds: what comes after the last is in it, and what was before the first in that.
        static int In(long at) => (int)Math.Clamp(at, 0, Steps);
    }

    private static async Task<Forecast?> ForecastAsync(IDbConnection c, string projectId, long started, long until, DateTimeOffset time, Sum all, Sum done)
    {
        var part = Math.Max(1, (time.ToUnixTimeMilliseconds() - started) / Forecasts.Parts);
        // What was imported as done was nobody's work.
        var worked = (await c.QueryAsync<Group>(
            $"""
            SELECT (completed_at - @started) / @part AS made, COUNT(*) AS tasks, COALESCE(SUM(estimate_minutes), 0) AS minutes
              FROM tasks WHERE project_id = @projectId AND status = 'done' AND completed_at >= @until AND started_at IS NOT NULL GROUP BY 1
            UNION ALL
            SELECT ({DoneCounts.TimeOf("done_hour")} - @started) / @part, SUM(tasks), SUM(minutes) FROM done_by_hour
             WHERE project_id = @projectId AND worked = 1 AND done_hour < @until / 3600000 GROUP BY 1
            """, new { projectId, started, part, until })).AsList();
        Sum[] parts = [.. Enumerable.Repeat(new Sum(), Forecasts.Parts)];
        foreach (var group in worked) parts[Math.Clamp(group.Made, 0, Forecasts.Parts - 1)] += group.Sum;
        return Forecasts.Of([.. parts.Select(Weight)], Weight(all) - Weight(done), TimeSpan.FromMilliseconds(part), time);

        double Weight(Sum sum) => all.Minutes > 0 ? sum.Minutes / 60.0 : sum.Tasks;
    }

    /// <summary>Tasks made in the same step and over in the same.</summary>
    private sealed record Group
    {
        public long Made { get; init; }
        public long? Done { get; init; }
        public long? Started { get; init; }
        public int Tasks { get; init; }
        public long Minutes { get; init; }

        public Sum Sum => new(Tasks, Minutes);
    }

    private sealed record Sum(int Tasks = 0, long Minutes = 0)
    {
        public static Sum operator +(Sum one, Sum other) => new(one.Tasks + other.Tasks, one.Minutes + other.Minutes);
    }
}
