using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Jobs;

/// <summary>
/// Which jobs are being worked on and when each was last renewed. Renewals live in memory, so a host at work writes
/// nothing; a plane that starts again gives every running job a fresh lease.
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

    public async Task LoadAsync(CancellationToken ct)
    {
        var running = await _store.ReadAsync(c => c.QueryAsync<JobRow>("SELECT * FROM jobs WHERE state = 'running'"), ct);
        lock (_gate)
            foreach (var job in running) _held.TryAdd(job.Id, new Held(job.Epoch, job.HostId, _time.GetTimestamp()));
    }

    /// <summary>Renews the jobs that a host works on; per token, in order, whether its lease is current.</summary>
    public IReadOnlyList<bool> Renew(string hostId, IReadOnlyList<string> tokens)
    {
        lock (_gate) return [.. tokens.Select(token => RenewOne(hostId, token))];
    }

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

    private bool RenewOne(string hostId, string token)
    {
        if (LeaseToken.Read(token, _store.LeaseKey) is not { } lease || lease.Incarnation != _store.Incarnation) return false;
        if (!_held.TryGetValue(lease.Subject, out var held) || held.Epoch != lease.Epoch || held.HostId != hostId) return false;
        _held[lease.Subject] = held with { Renewed = _time.GetTimestamp() };
        return true;
    }

    /// <summary>Follows the commits in their order, so that what is held here is what the store says.</summary>
    private void Follow(Committed committed)
    {
        foreach (var moved in committed.Signals.OfType<JobMoved>())
        {
            lock (_gate)
            {
                if (moved.State == JobState.Running) _held[moved.JobId] = new Held(moved.Epoch, moved.HostId, _time.GetTimestamp());
                else _held.Remove(moved.JobId);
            }
        }
    }

    private sealed record Held(int Epoch, string? HostId, long Renewed);
}
