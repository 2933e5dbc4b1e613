using System.Data;
using Dapper;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Events;
using Muster.ControlPlane.Progress;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Operations.Metrics;

/// <summary>What stands in the store, counted when somebody asks, and not more often than every few seconds however many ask.</summary>
public sealed class PlaneFigures(Store store, EventHub hub, BackupState backups, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _one = new(1);
    private string _text = "";
    private long? _at;

    internal async Task<string> ReadAsync(CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            if (_at is not { } at || time.GetElapsedTime(at) > Fresh)
            {
                _text = await store.ReadAsync(CountAsync, ct);
                _at = time.GetTimestamp();
            }

            return _text;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<string> CountAsync(IDbConnection c)
    {
        var text = new PrometheusText();
        text.Family("muster_info", "gauge", "What runs").Sample("muster_info", 1, ("version", Product.Version), ("incarnation", store.Incarnation));
        text.Family("muster_tasks", "gauge", "Tasks by status");
        foreach (var (status, tasks) in await DoneCounts.TasksByStateAsync(c)) text.Sample("muster_tasks", tasks, ("status", status));
        await WaitingAsync(c, text);
        await GroupsAsync(c, text, "muster_agents", "Agents by health, as of the last change that reached the store", "health", "SELECT health AS label, COUNT(*) AS value FROM agents WHERE active = 1 GROUP BY health ORDER BY health");
        await GroupsAsync(c, text, "muster_hosts", "Hosts by health", "health", "SELECT health AS label, COUNT(*) AS value FROM hosts GROUP BY health ORDER BY health");
        text.Gauge("muster_leases", "Assignments that are open, each with a lease", await c.QuerySingleAsync<long>("SELECT COUNT(*) FROM assignments WHERE status = 'active'"));
        await GroupsAsync(c, text, "muster_jobs_open", "Checks and deployments that wait or run", "state", "SELECT state AS label, COUNT(*) AS value FROM jobs WHERE state IN ('waiting', 'running') GROUP BY state ORDER BY state");
        text.Gauge("muster_merge_queue", "Pull requests and epics in line to be merged",
            await c.QuerySingleAsync<long>("SELECT (SELECT COUNT(*) FROM merge_queue) + (SELECT COUNT(*) FROM epic_merges WHERE position IS NOT NULL)"));
        text.Gauge("muster_pulls_for_people", "Pull requests that wait for a person", await c.QuerySingleAsync<long>(
            "SELECT COUNT(*) FROM pulls WHERE state = 'open' AND needs_approval = 1 AND (approved_sha IS NULL OR approved_sha <> head_sha)"));
        var seq = await c.QuerySingleAsync<long>("SELECT seq FROM event_head");
        text.Family("muster_events_total", "counter", "Number of the last event").Sample("muster_events_total", seq);
        text.Gauge("muster_event_followers", "Streams of events that are open here", hub.Followers);
        if (backups.Newest is { } newest) text.Gauge("muster_backup_newest_timestamp_seconds", "When the newest backup was begun", newest.ToUnixTimeSeconds());
        Process(text);
        return text.ToString();
    }

    /// <summary>The first reason of each task that is pending and not ready; those of a paused project that would be ready count as paused.</summary>
    private static Task WaitingAsync(IDbConnection c, PrometheusText text) => GroupsAsync(c, text, "muster_tasks_pending", "Pending tasks by what they wait for; none: an agent may take them", "reason",
        """
        SELECT reason AS label, COUNT(*) AS value FROM (
          SELECT CASE WHEN t.open_dependencies > 0 THEN 'dependency' WHEN t.gated = 1 THEN 'epic_gate' WHEN t.not_before IS NOT NULL THEN COALESCE(t.not_before_code, 'not_before')
                      WHEN p.paused = 1 THEN 'paused' ELSE 'none' END AS reason
            FROM tasks t JOIN projects p ON p.id = t.project_id WHERE t.status = 'pending') r
         GROUP BY reason ORDER BY reason
        """);

    private static async Task GroupsAsync(IDbConnection c, PrometheusText text, string name, string help, string label, string sql)
    {
        text.Family(name, "gauge", help);
        foreach (var row in await c.QueryAsync<Group>(sql)) text.Sample(name, row.Value, (label, row.Label));
    }

    private static void Process(PrometheusText text)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        text.Family("process_cpu_seconds_total", "counter", "Processor time").Sample("process_cpu_seconds_total", process.TotalProcessorTime.TotalSeconds);
        text.Gauge("process_resident_memory_bytes", "Memory in use", process.WorkingSet64);
        text.Gauge("process_start_time_seconds", "When it was started", new DateTimeOffset(process.StartTime).ToUnixTimeSeconds());
        text.Gauge("muster_heap_bytes", "Managed memory", GC.GetTotalMemory(forceFullCollection: false));
        text.Gauge("muster_threads", "Threads of the pool", ThreadPool.ThreadCount);
    }

    private sealed record Group
    {
        public string Label { get; init; } = "";
        public long Value { get; init; }
    }
}
