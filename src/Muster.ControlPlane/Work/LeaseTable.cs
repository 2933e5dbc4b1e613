using System.Collections.Concurrent;
using System.Text.Json;
using Dapper;
using Muster.Contracts.Events;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>
/// Until when each lease that this plane keeps lasts. Lives in memory by the monotonic clock, so that renewals cost the
/// store nothing and a jump of the wall clock moves nothing. What is written stays decided by the store: this table only
/// says when to take a lease back.
/// </summary>
public sealed class LeaseTable
{
    private static readonly string[] Ends =
    [
        EventTypes.TaskReview, EventTypes.TaskCompleted, EventTypes.TaskCancelled, EventTypes.TaskFailed, EventTypes.TaskQuarantined, EventTypes.TaskReleased,
        EventTypes.TaskExpired, EventTypes.TaskAttemptFailed,
    ];

    private readonly ConcurrentDictionary<string, Lease> _byTask = new(StringComparer.Ordinal);
    private readonly Store _store;
    private readonly TimeProvider _time;

    public LeaseTable(Store store, TimeProvider time)
    {
        _store = store;
        _time = time;
        store.Listen(Apply);
    }

    /// <summary>Renews a lease that is current and held by this agent.</summary>
    public Lease? Renew(LeaseToken token, string agentId)
    {
        if (token.Incarnation != _store.Incarnation || !_byTask.TryGetValue(token.Subject, out var lease)) return null;
        if (lease.Epoch != token.Epoch || lease.AgentId != agentId) return null;
        lease.Until = _time.GetTimestamp() + Ticks(lease.Seconds);
        return lease;
    }

    public IReadOnlyList<Lease> Expired()
    {
        var now = _time.GetTimestamp();
        return [.. _byTask.Values.Where(l => l.Until <= now)];
    }

    /// <summary>No longer kept here.</summary>
    public void Drop(Lease lease) => _byTask.TryRemove(KeyValuePair.Create(lease.TaskId, lease));

    /// <summary>Lets go of what ended, or went to another plane, without this one having heard of it.</summary>
    public async Task VerifyAsync(CancellationToken ct)
    {
        var held = _byTask.Values.ToList();
        if (held.Count == 0) return;
        var open = (await _store.ReadAsync(c => c.QueryAsync<string>("SELECT id FROM assignments WHERE status = 'active' AND plane_id = @PlaneId", new { _store.PlaneId }), ct))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var lease in held.Where(l => !open.Contains(l.AssignmentId))) Drop(lease);
    }

    private void Apply(Committed committed)
    {
        foreach (var signal in committed.Signals)
        {
            switch (signal)
            {
                case LeaseOpened o:
                    _byTask[o.TaskId] = new Lease(o.AssignmentId, o.TaskId, o.AgentId, o.Epoch, o.LeaseSeconds) { Until = _time.GetTimestamp() + Ticks(o.LeaseSeconds) };
                    break;
                case LeaseClosed c when Held(c.TaskId, c.Epoch) is { } lease:
                    Drop(lease);
                    break;
                case LeaseKept k when k.PlaneId != _store.PlaneId && Held(k.TaskId, k.Epoch) is { } lease:
                    Drop(lease);
                    break;
            }
        }

        if (!_store.IsShared) return;
        // How a lease that is kept here ended at another plane.
        foreach (var row in committed.Events)
            if (row.TaskId is { } task && _byTask.TryGetValue(task, out var ended) && EndsAttempt(row, out var epoch) && (epoch is null || epoch == ended.Epoch))
                Drop(ended);
    }

    /// <summary>Whether a fact ends the attempt at its task, and which; null when it does not say.</summary>
    public static bool EndsAttempt(EventRow row, out int? epoch)
    {
        var ends = Ends.Contains(row.Type);
        epoch = ends ? EpochOf(row) : null;
        return ends;
    }

    // One that does not name its epoch may be older than the lease; then the agent's next heartbeat finds that out.
    private static int? EpochOf(EventRow row)
    {
        if (row.Data is null) return null;
        using var data = JsonDocument.Parse(row.Data);
        return data.RootElement.TryGetProperty("epoch", out var epoch) && epoch.TryGetInt32(out var number) ? number : null;
    }

    private Lease? Held(string taskId, int epoch) => _byTask.TryGetValue(taskId, out var lease) && lease.Epoch == epoch ? lease : null;

    private long Ticks(int seconds) => seconds * _time.TimestampFrequency;
}

/// <summary>A lease that this plane keeps. Two of them are the same only when they are one object.</summary>
public sealed class Lease(string assignmentId, string taskId, string agentId, int epoch, int seconds)
{
    public string AssignmentId { get; } = assignmentId;
    public string TaskId { get; } = taskId;
    public string AgentId { get; } = agentId;
    public int Epoch { get; } = epoch;
    public int Seconds { get; } = seconds;

    /// <summary>Monotonic time stamp.</summary>
    public long Until { get; set; }
}
