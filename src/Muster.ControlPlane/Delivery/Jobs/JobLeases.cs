using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Jobs;

/// <summary>
/// Which jobs this plane keeps the time of and when each was last renewed. Renewals live in memory, so a host at work
/// writes nothing; who takes a job over from a plane that is gone gives it a fresh lease.
/// </summary>
public sealed class JobLeases
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Held> _held = new(StringComparer.Ordinal);
    private readonly Store _store;
    private readonly TimeProvider _time;
    private readonly TimeSpan _lease;

    public JobLeases(Store store, TimeProvider time, IOptions<DeliveryOptions> options)
    {
        _store = store;
        _time = time;
        _lease = TimeSpan.FromSeconds(options.Value.JobLeaseSeconds);
        store.Listen(Follow);
    }

    /// <summary>Renews the jobs that a host works on; per token, in order, whether its lease is current.</summary>
    public async Task<IReadOnlyList<bool>> RenewAsync(string hostId, IReadOnlyList<string> tokens, CancellationToken ct)
    {
        var current = new List<bool>(tokens.Count);
        foreach (var text in tokens)
        {
            var token = LeaseToken.Read(text, _store.LeaseKey) is { } lease && lease.Incarnation == _store.Incarnation ? lease : (LeaseToken?)null;
            // Alone, a plane knows all that are current; else the host may come from another one.
            current.Add(token is { } named && (RenewOne(hostId, named) || (_store.IsShared && await AdoptAsync(hostId, named, ct))));
        }

        return current;
    }

    /// <summary>All that no plane keeps which is there. Belongs to the leader.</summary>
    internal int AdoptOrphans(StoreTransaction tx) => Tell(tx, tx.Query<JobRow>(
        $"UPDATE jobs SET plane_id = @PlaneId WHERE state = 'running' AND {Planes.Orphaned("jobs")} RETURNING *", new { _store.PlaneId, alive = Planes.Alive(tx) }));

    internal string Token(JobRow job) => new LeaseToken(_store.Incarnation, job.Id, job.Epoch).Write(_store.LeaseKey);

    /// <summary>Takes away the leases that ran out. From here on their hosts are told that they lost them.</summary>
    internal IReadOnlyList<(string JobId, int Epoch)> TakeExpired()
    {
        lock (_gate)
        {
            var expired = _held.Where(h => _time.GetElapsedTime(h.Value.Renewed) >= _lease).Select(h => (h.Key, h.Value.Epoch)).ToList();
            foreach (var (job, _) in expired) _held.Remove(job);
            return expired;
        }
    }

    /// <summary>How long until the first lease can run out; null when none is held.</summary>
    internal TimeSpan? FirstExpiry()
    {
        lock (_gate)
        {
            if (_held.Count == 0) return null;
            var left = _lease - _time.GetElapsedTime(_held.Values.Min(h => h.Renewed));
            return left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }
    }

    /// <summary>Lets go of what ended, or went to another plane, without this one having heard of it.</summary>
    internal async Task VerifyAsync(CancellationToken ct)
    {
        List<KeyValuePair<string, Held>> held;
        lock (_gate) held = [.. _held];
        if (held.Count == 0) return;
        var running = (await _store.ReadAsync(c => c.QueryAsync<(string Id, int Epoch)>("SELECT id, epoch FROM jobs WHERE state = 'running' AND plane_id = @PlaneId", new { _store.PlaneId }), ct)).ToHashSet();
        lock (_gate)
        {
            foreach (var (job, lease) in held)
                if (!running.Contains((job, lease.Epoch)) && _held.TryGetValue(job, out var now) && now.Epoch == lease.Epoch) _held.Remove(job);
        }
    }

    private bool RenewOne(string hostId, LeaseToken lease)
    {
        lock (_gate)
        {
            if (!_held.TryGetValue(lease.Subject, out var held) || held.Epoch != lease.Epoch || held.HostId != hostId) return false;
            _held[lease.Subject] = held with { Renewed = _time.GetTimestamp() };
            return true;
        }
    }

    private async Task<bool> AdoptAsync(string hostId, LeaseToken lease, CancellationToken ct) => await _store.WriteAsync(tx => Tell(tx, tx.Query<JobRow>(
        "UPDATE jobs SET plane_id = @PlaneId WHERE id = @Subject AND epoch = @Epoch AND host_id = @hostId AND state = 'running' RETURNING *",
        new { _store.PlaneId, lease.Subject, lease.Epoch, hostId })), ct) == 1;

    private int Tell(StoreTransaction tx, List<JobRow> jobs)
    {
        foreach (var job in jobs) tx.Notify(new JobKept(job.Id, job.Epoch, job.HostId, _store.PlaneId));
        return jobs.Count;
    }

    /// <summary>Follows the commits in their order, so that what is held here is what the store says.</summary>
    private void Follow(Committed committed)
    {
        lock (_gate)
        {
            foreach (var signal in committed.Signals)
            {
                if (signal is JobKept kept && kept.PlaneId == _store.PlaneId) _held[kept.JobId] = new Held(kept.Epoch, kept.HostId, _time.GetTimestamp());
                else if (signal is JobKept other && _held.TryGetValue(other.JobId, out var held) && held.Epoch <= other.Epoch) _held.Remove(other.JobId);
                else if (signal is JobMoved { State: not JobState.Running } moved) _held.Remove(moved.JobId);
            }
        }
    }

    private sealed record Held(int Epoch, string? HostId, long Renewed);
}
