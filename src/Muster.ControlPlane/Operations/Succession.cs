using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Models.Gateway;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Operations;

/// <summary>
/// The leader takes over what a plane that is gone kept in memory: leases of tasks and jobs, who was heard of. Each gets its
/// full time again, for nobody could renew it meanwhile. An agent that goes to a third plane takes its own along.
/// </summary>
internal sealed class Succession : BackgroundService
{
    private readonly Store _store;
    private readonly AdoptLeases _leases;
    private readonly JobLeases _jobs;
    private readonly PresenceKeeper _presence;
    private readonly CallBook _calls;
    private readonly TimeProvider _time;
    private readonly ILogger<Succession> _logger;
    private readonly Pulse _gone = new();

    public Succession(Store store, AdoptLeases leases, JobLeases jobs, PresenceKeeper presence, CallBook calls, TimeProvider time, ILogger<Succession> logger)
    {
        (_store, _leases, _jobs, _presence, _calls, _time, _logger) = (store, leases, jobs, presence, calls, time, logger);
        store.Listen(committed =>
        {
            if (committed.Signals.Any(s => s is PlaneGone)) _gone.Beat();
        });
    }

    /// <summary>All that nobody keeps who is there: after a start of the only plane, everything.</summary>
    public async Task AdoptAsync(CancellationToken ct)
    {
        var (leases, jobs, heard, calls) = await _store.WriteAsync(tx => (_leases.Orphans(tx), _jobs.AdoptOrphans(tx), _presence.AdoptOrphans(tx), _calls.RecordLost(tx)), ct);
        if (calls > 0) _logger.LogWarning("{Calls} calls of models were cut off with their plane; they count as what they may have cost at the most", calls);
        if (leases + jobs + heard > 0) _logger.LogInformation("Took over {Leases} leases, {Jobs} jobs and {Heard} agents and hosts that no plane kept", leases, jobs, heard);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _store.Leadership.RunAsync(
        term => Steadily.RunAsync(StepAsync, "Taking over from planes that are gone", _logger, _time, term), stoppingToken);

    private async Task StepAsync(CancellationToken ct)
    {
        var gone = _gone.Next;
        await AdoptAsync(ct);
        await gone.WaitAsync(ct);
    }
}
