using System.Collections.Concurrent;
using Dapper;
using Microsoft.Extensions.Options;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Queue;

/// <summary>The leader's, one worker per line: what happens before one target never waits for another.</summary>
internal sealed class MergeQueueDriver : BackgroundService
{
    private readonly Store _store;
    private readonly MergeStep _step;
    private readonly TimeProvider _time;
    private readonly DeliveryOptions _options;
    private readonly ILogger<MergeQueueDriver> _logger;
    private readonly Pulse _lines = new();
    private readonly Pulse _lookAgain = new();
    private readonly ConcurrentDictionary<(string Project, string Target), Pulse> _known = new();

    public MergeQueueDriver(Store store, MergeStep step, TimeProvider time, IOptions<DeliveryOptions> options, ILogger<MergeQueueDriver> logger)
    {
        (_store, _step, _time, _options, _logger) = (store, step, time, options.Value, logger);
        store.Listen(committed =>
        {
            foreach (var signal in committed.Signals)
            {
                if (signal is QueueMoved queue) Wake(queue.ProjectId, queue.Target);
                else if (signal is JobMoved job) WakeProject(job.ProjectId);
                else if (signal is LookAgain) WakeAll();
            }
        });
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _store.Leadership.RunAsync(LeadAsync, stoppingToken);

    private async Task LeadAsync(CancellationToken term)
    {
        var working = new Dictionary<(string Project, string Target), Task>();
        // Listed anew whenever other planes may have changed what nobody told of.
        var listing = Steadily.RunAsync(FindLinesAsync, "Listing merge queues", _logger, _time, term);
        while (!term.IsCancellationRequested)
        {
            var beat = _lines.Next;
            foreach (var (key, moved) in _known.Where(k => !working.ContainsKey(k.Key)))
                working[key] = Steadily.RunAsync(ct => WorkAsync(key.Project, key.Target, moved, ct), $"The merge queue of {key.Target}", _logger, _time, term);
            await Pulse.WaitAsync(beat, Timeout.InfiniteTimeSpan, _time, CancellationToken.None).WaitAsync(term).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll([listing, .. working.Values]);
    }

    private async Task WorkAsync(string project, string target, Pulse moved, CancellationToken ct)
    {
        var beat = moved.Next;
        var progress = await _step.RunAsync(project, target, ct);
        if (progress == MergeProgress.Moved) return;
        await Pulse.WaitAsync(beat, progress == MergeProgress.Waits ? _options.ReviewSweep : Timeout.InfiniteTimeSpan, _time, ct);
    }

    private async Task FindLinesAsync(CancellationToken ct)
    {
        var again = _lookAgain.Next;
        var lines = await _store.ReadAsync(c => c.QueryAsync<(string Project, string Target)>("SELECT project_id, target FROM merge_queue UNION SELECT project_id, target FROM epic_merges WHERE position IS NOT NULL"), ct);
        foreach (var (project, target) in lines) Wake(project, target);
        await again.WaitAsync(ct);
    }

    private void Wake(string project, string target)
    {
        _known.GetOrAdd((project, target), _ => new Pulse()).Beat();
        _lines.Beat();
    }

    private void WakeProject(string project)
    {
        foreach (var (key, moved) in _known)
            if (key.Project == project) moved.Beat();
    }

    private void WakeAll()
    {
        foreach (var moved in _known.Values) moved.Beat();
        _lookAgain.Beat();
    }
}
