using System.Collections.Concurrent;
using Dapper;
using Microsoft.Extensions.Options;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Queue;

/// <summary>One worker per line: what happens before one target never waits for another.</summary>
internal sealed class MergeQueueDriver : BackgroundService
{
    private readonly Store _store;
    private readonly MergeStep _step;
    private readonly TimeProvider _time;
    private readonly DeliveryOptions _options;
    private readonly ILogger<MergeQueueDriver> _logger;
    private readonly Pulse _lines = new();
    private readonly ConcurrentDictionary<(string Project, string Target), Line> _known = new();

    public MergeQueueDriver(Store store, MergeStep step, TimeProvider time, IOptions<DeliveryOptions> options, ILogger<MergeQueueDriver> logger)
    {
        (_store, _step, _time, _options, _logger) = (store, step, time, options.Value, logger);
        store.Listen(committed =>
        {
            foreach (var signal in committed.Signals)
            {
                if (signal is QueueMoved queue) Wake(queue.ProjectId, queue.Target);
                else if (signal is JobMoved job) WakeProject(job.ProjectId);
            }
        });
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Steadily.OnceAsync(FindLinesAsync, "Listing merge queues", _logger, _time, stoppingToken);
        var working = new List<Task>();
        while (!stoppingToken.IsCancellationRequested)
        {
            var beat = _lines.Next;
            foreach (var (key, line) in _known.Where(k => k.Value.TryStart()))
                working.Add(Steadily.RunAsync(ct => WorkAsync(key.Project, key.Target, line.Moved, ct), $"The merge queue of {key.Target}", _logger, _time, stoppingToken));
            await Pulse.WaitAsync(beat, Timeout.InfiniteTimeSpan, _time, CancellationToken.None).WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(working);
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
        var lines = await _store.ReadAsync(c => c.QueryAsync<(string Project, string Target)>("SELECT project_id, target FROM merge_queue UNION SELECT project_id, target FROM epic_merges WHERE position IS NOT NULL"), ct);
        foreach (var (project, target) in lines) Wake(project, target);
    }

    private void Wake(string project, string target)
    {
        _known.GetOrAdd((project, target), _ => new Line()).Moved.Beat();
        _lines.Beat();
    }

    private void WakeProject(string project)
    {
        foreach (var (key, line) in _known)
            if (key.Project == project) line.Moved.Beat();
    }

    private sealed class Line
    {
        private int _started;

        public Pulse Moved { get; } = new();

        public bool TryStart() => Interlocked.Exchange(ref _started, 1) == 0;
    }
}
