using System.Data;
using Dapper;

namespace Muster.ControlPlane.Storage;

/// <summary>A rule that rows break, with a few of them.</summary>
public sealed record StoreFault(string Rule, IReadOnlyList<string> Rows)
{
    public override string ToString() => $"{Rule}: {string.Join(", ", Rows)}";
}

/// <summary>
/// What must hold in every store at every commit, beyond what the schema itself enforces: each rule is a query for the rows
/// that break it. Everything that is counted as it goes is counted again.
/// </summary>
public static class StoreCheck
{
    private const int Shown = 5;

    private static readonly (string Rule, string Sql)[] Rules =
    [
        ("event numbers have no gap",
            "SELECT 'missing before ' || e.seq FROM events e WHERE e.seq > (SELECT MIN(seq) FROM events) AND NOT EXISTS (SELECT 1 FROM events p WHERE p.seq = e.seq - 1)"),
        ("the head of the event log is not behind its last event", "SELECT CAST(h.seq AS TEXT) FROM event_head h WHERE h.seq < (SELECT COALESCE(MAX(seq), 0) FROM events)"),
        ("event ids are unique", "SELECT id FROM events GROUP BY id HAVING COUNT(*) > 1"),
        ("open_dependencies is the count of dependencies that are not done",
            """
            SELECT t.id FROM tasks t
             WHERE t.open_dependencies <> (SELECT COUNT(*) FROM edges e JOIN tasks d ON d.id = e.depends_on WHERE e.task_id = t.id AND d.status <> 'done')
            """),
        ("a task is gated exactly when the gate of its epic is closed",
            "SELECT t.id FROM tasks t LEFT JOIN epics e ON e.id = t.epic_id WHERE t.gated <> 1 - COALESCE(e.gate_open, 1)"),
        ("a pending task is ready exactly when it waits for nothing",
            """
            SELECT t.id FROM tasks t
             WHERE t.ready <> CASE WHEN t.status = 'pending' AND t.open_dependencies = 0 AND t.gated = 0 AND t.not_before IS NULL THEN 1 ELSE 0 END
            """),
        ("a task in progress has one open assignment, of its newest epoch",
            """
            SELECT t.id FROM tasks t
             WHERE t.status = 'in_progress'
               AND NOT EXISTS (SELECT 1 FROM assignments s WHERE s.id = t.assignment_id AND s.task_id = t.id AND s.status = 'active' AND s.epoch = t.epoch)
            """),
        ("an open assignment is that of a task in progress",
            "SELECT s.id FROM assignments s JOIN tasks t ON t.id = s.task_id WHERE s.status = 'active' AND (t.status <> 'in_progress' OR t.assignment_id <> s.id)"),
        ("a task has at most one open assignment", "SELECT task_id FROM assignments WHERE status = 'active' GROUP BY task_id HAVING COUNT(*) > 1"),
        ("epochs of a task are counted without a gap",
            """
            SELECT t.id FROM tasks t LEFT JOIN (SELECT task_id, COUNT(*) AS attempts, MAX(epoch) AS newest FROM assignments GROUP BY task_id) s ON s.task_id = t.id
             WHERE t.epoch <> COALESCE(s.newest, 0) OR t.epoch <> COALESCE(s.attempts, 0)
            """),
        ("numbers of tasks and pull requests are below the next to be given",
            """
            SELECT p.id FROM projects p
             WHERE p.next_task <= COALESCE((SELECT MAX(number) FROM tasks WHERE project_id = p.id), 0)
                OR p.next_pull <= COALESCE((SELECT MAX(number) FROM pulls WHERE project_id = p.id), 0)
            """),
        ("an epic's counts are those of its tasks",
            """
            SELECT e.id FROM epics e
              LEFT JOIN (SELECT epic_id, COUNT(*) AS tasks, SUM(CASE WHEN status = 'done' THEN 1 ELSE 0 END) AS done, SUM(COALESCE(estimate_minutes, 0)) AS minutes,
                                SUM(CASE WHEN status = 'done' THEN COALESCE(estimate_minutes, 0) ELSE 0 END) AS minutes_done
                           FROM tasks WHERE status <> 'cancelled' GROUP BY epic_id) t ON t.epic_id = e.id
             WHERE e.tasks <> COALESCE(t.tasks, 0) OR e.tasks_done <> COALESCE(t.done, 0) OR e.minutes <> COALESCE(t.minutes, 0) OR e.minutes_done <> COALESCE(t.minutes_done, 0)
            """),
        ("what is done and counted is counted right",
            """
            SELECT 'project ' || w.project_id || ', hour ' || w.done_hour FROM
              (SELECT project_id, completed_at / 3600000 AS done_hour, COUNT(*) AS tasks, COALESCE(SUM(estimate_minutes), 0) AS minutes
                 FROM tasks WHERE status = 'done' AND completed_at < (SELECT until FROM done_counted) GROUP BY 1, 2
               UNION ALL SELECT project_id, done_hour, -SUM(tasks), -SUM(minutes) FROM done_by_hour GROUP BY 1, 2) w
             GROUP BY w.project_id, w.done_hour HAVING SUM(w.tasks) <> 0 OR SUM(w.minutes) <> 0
            """),
        ("a task and its epic are of one project", "SELECT t.id FROM tasks t JOIN epics e ON e.id = t.epic_id WHERE t.project_id <> e.project_id"),
        ("an ended assignment ends after it began", "SELECT id FROM assignments WHERE ended_at < started_at"),
        ("what waits to be merged is a queued pull request of a task in review",
            """
            SELECT q.id FROM merge_queue q JOIN pulls p ON p.id = q.pull_id JOIN tasks t ON t.id = q.task_id
             WHERE p.state <> 'queued' OR p.task_id <> q.task_id OR t.status <> 'review'
            """),
        ("a queued pull request stands in the line", "SELECT p.id FROM pulls p WHERE p.state = 'queued' AND NOT EXISTS (SELECT 1 FROM merge_queue q WHERE q.pull_id = p.id)"),
        ("a task that is settled has no open pull request",
            "SELECT p.id FROM pulls p JOIN tasks t ON t.id = p.task_id WHERE t.status IN ('done', 'cancelled') AND p.state IN ('open', 'queued')"),
        ("a job of a host that runs it names that host", "SELECT id FROM jobs WHERE state = 'running' AND (host_id IS NULL OR epoch = 0)"),
    ];

    public static int Count => Rules.Length;

    /// <summary>Every rule that is broken; empty when all hold.</summary>
    public static async Task<IReadOnlyList<StoreFault>> RunAsync(IDbConnection connection)
    {
        List<StoreFault> faults = [];
        foreach (var (rule, sql) in Rules)
        {
            var rows = (await connection.QueryAsync<string>(new CommandDefinition($"{sql} LIMIT {Shown}", commandTimeout: 0))).AsList();
            if (rows.Count > 0) faults.Add(new StoreFault(rule, rows));
        }

        return faults;
    }
}
