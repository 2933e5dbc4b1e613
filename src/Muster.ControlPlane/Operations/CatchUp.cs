using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Operations;

/// <summary>Reads anew what memory holds of the store, when other planes may have changed it without this one being told what.</summary>
internal sealed class CatchUp : BackgroundService
{
    /// <summary>Between two readings. A plane at full speed tells of more than can be told one by one, many times a second.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Store _store;
    private readonly TokenDirectory _tokens;
    private readonly LeaseTable _leases;
    private readonly JobLeases _jobs;
    private readonly Targets _targets;
    private readonly TimeProvider _time;
    private readonly ILogger<CatchUp> _logger;
    private readonly Pulse _again = new();
    private int _stale;

    public CatchUp(Store store, TokenDirectory tokens, LeaseTable leases, JobLeases jobs, Targets targets, TimeProvider time, ILogger<CatchUp> logger)
    {
        (_store, _tokens, _leases, _jobs, _targets, _time, _logger) = (store, tokens, leases, jobs, targets, time, logger);
        store.Listen(committed =>
        {
            foreach (var again in committed.Signals.OfType<LookAgain>()) Note(again);
        });
    }

    [Flags]
    private enum Stale
    {
        Nothing = 0,
        Tokens = 1,
        Leases = 2,
        Jobs = 4,
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => !_store.IsShared ? Task.CompletedTask : Task.WhenAll(
        Steadily.RunAsync(StepAsync, "Reading anew what other planes changed", _logger, _time, stoppingToken),
        Steadily.RunAsync(_targets.FollowAsync, "Looking where branches stand", _logger, _time, stoppingToken));

    private async Task StepAsync(CancellationToken ct)
    {
        var again = _again.Next;
        var stale = (Stale)Interlocked.Exchange(ref _stale, 0);
        try
        {
            if (stale.HasFlag(Stale.Tokens)) await _tokens.LoadAsync(ct);
            if (stale.HasFlag(Stale.Leases)) await _leases.VerifyAsync(ct);
            if (stale.HasFlag(Stale.Jobs)) await _jobs.VerifyAsync(ct);
        }
        catch
        {
            Interlocked.Or(ref _stale, (int)stale);
            throw;
        }

        await again.WaitAsync(ct);
        await Task.Delay(Pause, _time, ct);
    }

    private void Note(LookAgain again)
    {
        var stale = Stale.Nothing;
        if (again.Missed<TokenRevoked>() is not 0) stale |= Stale.Tokens;
        if (again.Missed<LeaseKept>() is not 0) stale |= Stale.Leases;
        if (again.Missed<JobMoved>() is not 0 || again.Missed<JobKept>() is not 0) stale |= Stale.Jobs;
        if (stale == Stale.Nothing) return;
        Interlocked.Or(ref _stale, (int)stale);
        _again.Beat();
    }
}
