using System.Collections.Concurrent;
using Dapper;
using Microsoft.Extensions.Options;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Origins;

/// <summary>The leader gives merged work back to the persons' own repositories, beside the merge queue and never in its way.</summary>
internal sealed class PushBackDriver : BackgroundService
{
    private readonly Store _store;
    private readonly OriginSync _origins;
    private readonly TimeProvider _time;
    private readonly DeliveryOptions _options;
    private readonly ILogger<PushBackDriver> _logger;
    private readonly ConcurrentDictionary<string, bool> _behind = new(StringComparer.Ordinal);
    private readonly Pulse _moved = new();
    private bool _lookAgain;

    public PushBackDriver(Store store, OriginSync origins, TimeProvider time, IOptions<DeliveryOptions> options, ILogger<PushBackDriver> logger)
    {
        (_store, _origins, _time, _options, _logger) = (store, origins, time, options.Value, logger);
        store.Listen(committed =>
        {
            foreach (var moved in committed.Signals.OfType<TargetMoved>())
            {
                _behind[moved.ProjectId] = true;
                _moved.Beat();
            }

            if (committed.Signals.Any(s => s is LookAgain))
            {
                Volatile.Write(ref _lookAgain, true);
                _moved.Beat();
            }
        });
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _store.Leadership.RunAsync(async term =>
    {
        await Steadily.OnceAsync(FindAsync, "Listing projects to give back to", _logger, _time, term);
        await Steadily.RunAsync(StepAsync, "Giving merged work back", _logger, _time, term);
    }, stoppingToken);

    private async Task StepAsync(CancellationToken ct)
    {
        var beat = _moved.Next;
        if (Interlocked.Exchange(ref _lookAgain, false)) await FindAsync(ct);
        await Parallel.ForEachAsync(_behind.Keys.ToList(), ct, GiveBackAsync);
        await Pulse.WaitAsync(beat, _behind.IsEmpty ? Timeout.InfiniteTimeSpan : _options.PushBackRetry, _time, ct);
    }

    private async ValueTask GiveBackAsync(string projectId, CancellationToken ct)
    {
        // Taken off before the push: a merge that comes meanwhile puts it on again.
        _behind.TryRemove(projectId, out _);
        var project = await _store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ProjectRow?>(ProjectRow.Select + " WHERE id = @projectId", new { projectId }), ct);
        if (project is not null && !await _origins.GiveBackAsync(project, ct)) _behind[projectId] = true;
    }

    private async Task FindAsync(CancellationToken ct)
    {
        var projects = await _store.ReadAsync(c => c.QueryAsync<string>("SELECT id FROM projects WHERE push_back = 1 AND repository IS NOT NULL"), ct);
        foreach (var project in projects) _behind[project] = true;
    }
}
