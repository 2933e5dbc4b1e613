using System.Collections.Concurrent;
using Dapper;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>
/// Until when each open lease lasts. Lives in memory by the monotonic clock, so that renewals cost the store nothing and
/// a jump of the wall clock moves nothing. What is written stays decided by the store: this table only says when to
/// take a lease back.
/// </summary>
public sealed class LeaseTable
{
    private readonly ConcurrentDictionary<string, Lease> _byTask = new(StringComparer.Ordinal);
    private readonly Store _store;
    private readonly TimeProvider _time;

    public LeaseTable(Store store, TimeProvider time)
    {
        _store = store;
        _time = time;
        store.Listen(Apply);
    }

    /// <summary>After a start nobody could renew meanwhile: every open lease gets its full length again.</summary>
    public async Task LoadAsync(CancellationToken ct)
    {
        var open = await _store.ReadAsync(c => c.QueryAsync<OpenLease>(
            """
            SELECT s.id AS assignment_id, s.task_id, s.agent_id, s.epoch, p.lease_seconds
              FROM assignments s JOIN tasks t ON t.id = s.task_id JOIN projects p ON p.id = t.project_id WHERE s.status = 'active'
            """), ct);
        foreach (var lease in open) Open(lease.AssignmentId, lease.TaskId, lease.AgentId, lease.Epoch, lease.LeaseSeconds);
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

    public IEnumerable<Lease> OfAgent(string agentId) => _byTask.Values.Where(l => l.AgentId == agentId);

    private void Apply(Committed committed)
    {
        foreach (var signal in committed.Signals)
        {
            if (signal is LeaseOpened o) Open(o.AssignmentId, o.TaskId, o.AgentId, o.Epoch, o.LeaseSeconds);
            else if (signal is LeaseClosed c && _byTask.TryGetValue(c.TaskId, out var lease) && lease.Epoch == c.Epoch)
                _byTask.TryRemove(c.TaskId, out _);
        }
    }

    private void Open(string assignmentId, string taskId, string agentId, int epoch, int seconds) =>
        _byTask[taskId] = new Lease(assignmentId, taskId, agentId, epoch, seconds) { Until = _time.GetTimestamp() + Ticks(seconds) };

    private long Ticks(int seconds) => seconds * _time.TimestampFrequency;

    private sealed record OpenLease
    {
        public string AssignmentId { get; init; } = "";
        public string TaskId { get; init; } = "";
        public string AgentId { get; init; } = "";
        public int Epoch { get; init; }
        public int LeaseSeconds { get; init; }
    }
}

public sealed record Lease(string AssignmentId, string TaskId, string AgentId, int Epoch, int Seconds)
{
    public long Until { get; set; }
}
