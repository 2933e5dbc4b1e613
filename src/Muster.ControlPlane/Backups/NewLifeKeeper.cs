using Dapper;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Backups;

/// <summary>The leader ends what the former life of the store had handed out, when another began by itself under running planes or while none was there.</summary>
internal sealed class NewLifeKeeper : BackgroundService
{
    private readonly Store _store;
    private readonly TimeProvider _time;
    private readonly ILogger<NewLifeKeeper> _logger;
    private readonly Pulse _begun = new();
    private string _settled = "";

    public NewLifeKeeper(Store store, TimeProvider time, ILogger<NewLifeKeeper> logger)
    {
        (_store, _time, _logger) = (store, time, logger);
        // Said with every new incarnation, and at other times, when comparing costs nothing.
        store.Listen(committed =>
        {
            if (Volatile.Read(ref _settled) != _store.Incarnation && committed.Signals.Any(s => s is LookAgain)) _begun.Beat();
        });
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => !_store.IsShared ? Task.CompletedTask : _store.Leadership.RunAsync(
        term => Steadily.RunAsync(StepAsync, "Ending what the former life of the store handed out", _logger, _time, term), stoppingToken);

    private async Task StepAsync(CancellationToken ct)
    {
        var begun = _begun.Next;
        var incarnation = _store.Incarnation;
        if (await _store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>("SELECT value FROM meta WHERE key = 'new_life'"), ct) is not null
            && await _store.WriteAsync(NewIncarnation.Settle, ct) is { } life)
            _logger.LogWarning("The store began a new life: {Assignments} assignments ended, {Jobs} jobs given out again, {Tokens} tokens of agents revoked", life.Assignments, life.Jobs, life.Tokens);
        Volatile.Write(ref _settled, incarnation);
        if (incarnation == _store.Incarnation) await begun.WaitAsync(ct);
    }
}
