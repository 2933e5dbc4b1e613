using Dapper;
using Microsoft.Extensions.Options;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Jobs;

/// <summary>
/// Takes the jobs whose time this plane keeps back from hosts that stopped renewing, and wakes the hosts that wait here for
/// jobs whose time has come. Sleeps while there is neither.
/// </summary>
internal sealed class JobKeeper : BackgroundService
{
    private static readonly TimeSpan Idle = TimeSpan.FromHours(1);
    private readonly Store _store;
    private readonly JobLeases _leases;
    private readonly ReportJob _report;
    private readonly ClaimJobs _claims;
    private readonly TimeProvider _time;
    private readonly DeliveryOptions _options;
    private readonly ILogger _logger;
    private readonly Pulse _moved = new();

    /// <summary>Taken from their hosts, and not yet in the store: a write that fails is tried again.</summary>
    private readonly Queue<(string JobId, int Epoch)> _expired = [];

    public JobKeeper(Store store, JobLeases leases, ReportJob report, ClaimJobs claims, TimeProvider time, IOptions<DeliveryOptions> options, ILogger<JobKeeper> logger)
    {
        (_store, _leases, _report, _claims, _time, _options, _logger) = (store, leases, report, claims, time, options.Value, logger);
        store.Listen(committed =>
        {
            if (committed.Signals.Any(s => s is JobMoved or JobKept or LookAgain)) _moved.Beat();
        });
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Steadily.RunAsync(StepAsync, "Keeping jobs", _logger, _time, stoppingToken);

    private async Task StepAsync(CancellationToken ct)
    {
        var beat = _moved.Next;
        foreach (var expired in _leases.TakeExpired()) _expired.Enqueue(expired);
        while (_expired.TryPeek(out var next))
        {
            await _store.WriteAsync(tx => _report.Expire(tx, next.JobId, next.Epoch), ct);
            _expired.Dequeue();
        }

        // A lease that is renewed moves its expiry back without a beat, so the time is only when to look again.
        await Pulse.WaitAsync(beat, await NextAsync(ct), _time, ct);
        _claims.Wake();
    }

    private async Task<TimeSpan> NextAsync(CancellationToken ct)
    {
        var due = await _store.ReadAsync(c => c.QueryFirstOrDefaultAsync<long?>("SELECT MIN(not_before) FROM jobs WHERE state = 'waiting'"), ct);
        var wait = _leases.FirstExpiry() ?? Idle;
        if (due is { } at)
        {
            var until = Times.At(at) - _time.GetUtcNow();
            // A job that is due and waits for a host needs no timer; the next host takes it.
            if (until > TimeSpan.Zero && until < wait) wait = until;
        }

        var least = TimeSpan.FromMilliseconds(Math.Min(20, _options.JobLeaseSeconds * 10));
        return wait > least ? wait : least;
    }
}
