using System.Data;
using Dapper;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Progress;

/// <summary>
/// What is done and old is counted once, in the store, and not again for every reader: how far projects are must not cost more
/// with each year that they are worked on. The days before a mark are counted; what was done since, and what is not done, is
/// read as it stands. Nothing that is done becomes anything else, so that a day is counted anew only when one of its tasks is
/// estimated otherwise or deleted.
/// </summary>
public static class DoneCounts
{
    private const long Hour = 3_600_000;
    private const long Day = 24 * Hour;

    /// <summary>What was done less long ago is never counted: a plan that is younger is drawn exactly, and of an older one an hour is a small part of a step.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromDays(14);

    /// <summary>Tasks by project and state, as rows of project_id, status, tasks, ready, minutes, started_at and worked_minutes, some of them in two rows; of one project when <c>@projectId</c> is not null. <c>@until</c> is what <see cref="UntilAsync"/> says.</summary>
    public const string States =
        $"""
        SELECT project_id, status, COUNT(*) AS tasks, SUM(ready) AS ready, COALESCE(SUM(estimate_minutes), 0) AS minutes, MIN(started_at) AS started_at,
               COALESCE(SUM(CASE WHEN started_at IS NOT NULL THEN estimate_minutes END), 0) AS worked_minutes
          FROM tasks WHERE status IN ({NotDone}) AND (@projectId IS NULL OR project_id = @projectId) GROUP BY project_id, status
        UNION ALL
        SELECT project_id, 'done', COUNT(*), 0, COALESCE(SUM(estimate_minutes), 0), MIN(started_at), COALESCE(SUM(CASE WHEN started_at IS NOT NULL THEN estimate_minutes END), 0)
          FROM tasks WHERE status = 'done' AND completed_at >= @until AND (@projectId IS NULL OR project_id = @projectId) GROUP BY project_id
        UNION ALL
        SELECT project_id, 'done', SUM(tasks), 0, SUM(minutes), MIN(started_at), SUM(worked * minutes) FROM done_by_hour WHERE done_hour < @until / 3600000 AND (@projectId IS NULL OR project_id = @projectId) GROUP BY project_id
        """;

    /// <summary>What agents did, as rows of agent_id, attempts, completed, failed, busy and minutes, several for each; of one agent when <c>@only</c> is not null; at <c>@now</c>. <c>@until</c> is what <see cref="UntilAsync"/> says.</summary>
    public const string Attempts =
        $"""
        SELECT agent_id, SUM(attempts) AS attempts, SUM(completed) AS completed, SUM(failed) AS failed, SUM(busy) AS busy, SUM(minutes) AS minutes FROM attempts_by_day
         WHERE day < @until / 86400000 AND (@only IS NULL OR agent_id = @only) GROUP BY agent_id
        UNION ALL
        SELECT {Attempt} FROM tasks t JOIN assignments s ON s.task_id = t.id
         WHERE t.status = 'done' AND t.completed_at >= @until AND (@only IS NULL OR s.agent_id = @only) GROUP BY s.agent_id
        UNION ALL
        SELECT {Attempt} FROM tasks t JOIN assignments s ON s.task_id = t.id
         WHERE t.status IN ({NotDone}) AND t.started_at IS NOT NULL AND (@only IS NULL OR s.agent_id = @only) GROUP BY s.agent_id
        """;

    /// <summary>Named one by one, because that is what an index on the state can begin with.</summary>
    private const string NotDone = "'pending', 'in_progress', 'review', 'failed', 'quarantined', 'cancelled'";

    private const string Attempt =
        """
        s.agent_id, COUNT(*) AS attempts, SUM(CASE WHEN s.status = 'completed' THEN 1 ELSE 0 END) AS completed, SUM(CASE WHEN s.status IN ('failed', 'expired', 'died') THEN 1 ELSE 0 END) AS failed,
               SUM(COALESCE(s.ended_at, @now) - s.started_at) AS busy, COALESCE(SUM(CASE WHEN t.status = 'done' AND s.epoch = t.epoch THEN t.estimate_minutes END), 0) AS minutes
        """;

    /// <summary>When something was made and done, from the hour that is counted: its middle.</summary>
    public static string TimeOf(string hour) => $"({hour} * {Hour} + {Hour / 2})";

    /// <summary>
    /// Before when everything done is counted. It is asked for first and then part of the question: an engine that knows it begins with the few that were
    /// done since, and one that counts another day in between changes nothing about the answer.
    /// </summary>
    public static Task<long> UntilAsync(IDbConnection c) => c.QuerySingleAsync<long>("SELECT until FROM done_counted");

    public static async Task<Dictionary<string, int>> TasksByStateAsync(IDbConnection c) =>
        (await c.QueryAsync<(string Status, int Tasks)>($"SELECT status, SUM(tasks) FROM ({States}) s GROUP BY status ORDER BY status", new { projectId = (string?)null, until = await UntilAsync(c) }))
            .ToDictionary(s => s.Status, s => s.Tasks, StringComparer.Ordinal);

    /// <summary>A task that is done was estimated otherwise or deleted.</summary>
    internal static void Changed(StoreTransaction tx, TaskRow task)
    {
        if (task is { Status: Contracts.Work.TaskState.Done, CompletedAt: { } done } && done < Until(tx)) Count(tx, done / Day * Day);
    }

    /// <summary>Counts the next day that has something and is old enough; false when there is none.</summary>
    internal static bool Advance(StoreTransaction tx)
    {
        var until = Until(tx);
        var limit = (tx.Now - (long)Recent.TotalMilliseconds) / Day * Day;
        if (until >= limit)
        {
            if (until > limit) GoBack(tx, limit);
            return false;
        }

        var next = tx.QueryFirst<long?>("SELECT MIN(completed_at) FROM tasks WHERE status = 'done' AND completed_at >= @until", new { until });
        var counted = limit;
        if (next is { } first && first < limit)
        {
            Count(tx, first / Day * Day);
            counted = (first / Day * Day) + Day;
        }

        tx.ExecuteOne("UPDATE done_counted SET until = @counted", new { counted });
        return counted < limit;
    }

    /// <summary>
    /// Counts a part of the days anew. A program of the release before may serve the store for a while, and it does not know
    /// that what it changes is counted: what comes of it is gone when all parts had their turn.
    /// </summary>
    internal static void CountAgain(StoreTransaction tx, long day)
    {
        if ((day + 1) * Day <= Until(tx)) Count(tx, day * Day);
    }

    /// <summary>The days that are counted: the first on which something was done, and the first that is not counted.</summary>
    internal static async Task<(long First, long End)> DaysAsync(IDbConnection c)
    {
        var until = await UntilAsync(c);
        return ((await c.QuerySingleAsync<long?>("SELECT MIN(completed_at) FROM tasks WHERE status = 'done' AND completed_at < @until", new { until }) ?? until) / Day, until / Day);
    }

    /// <summary>The clock was set back: what is done from now on would be taken for counted.</summary>
    private static void GoBack(StoreTransaction tx, long limit)
    {
        tx.Execute("DELETE FROM done_by_hour WHERE done_hour >= @hour", new { hour = limit / Hour });
        tx.Execute("DELETE FROM attempts_by_day WHERE day >= @day", new { day = limit / Day });
        tx.ExecuteOne("UPDATE done_counted SET until = @limit", new { limit });
    }

    private static long Until(StoreTransaction tx) => tx.QueryFirst<long>("SELECT until FROM done_counted");

    private static void Count(StoreTransaction tx, long from)
    {
        var day = new { from, to = from + Day, hour = from / Hour, day = from / Day, now = 0L };
        tx.Execute("DELETE FROM done_by_hour WHERE done_hour >= @hour AND done_hour < @hour + 24", day);
        tx.Execute("DELETE FROM attempts_by_day WHERE day = @day", day);
        tx.Execute(
            $"""
            INSERT INTO done_by_hour (done_hour, made_hour, project_id, worked, tasks, minutes, started_at)
            SELECT completed_at / {Hour}, created_at / {Hour}, project_id, CASE WHEN started_at IS NULL THEN 0 ELSE 1 END, COUNT(*), COALESCE(SUM(estimate_minutes), 0), MIN(started_at)
              FROM tasks WHERE status = 'done' AND completed_at >= @from AND completed_at < @to GROUP BY 1, 2, 3, 4
            """, day);
        tx.Execute(
            $"""
            INSERT INTO attempts_by_day (agent_id, attempts, completed, failed, busy, minutes, project_id, day)
            SELECT {Attempt}, t.project_id, @day FROM tasks t JOIN assignments s ON s.task_id = t.id
             WHERE t.status = 'done' AND t.completed_at >= @from AND t.completed_at < @to GROUP BY s.agent_id, t.project_id
            """, day);
    }
}
