using System.Threading.Channels;
using Dapper;
using Microsoft.Extensions.Options;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>
/// The leader looks at every task in review when something about it has moved, at the beginning of its term, and now and then while there are any.
/// A task is looked at by one lane only, so no two looks at it run at once.
/// </summary>
internal sealed class ReviewDriver : BackgroundService
{
    private const int Lanes = 4;
    private readonly Store _store;
    private readonly ReviewPass _pass;
    private readonly ReviewBoard _board;
    private readonly TimeProvider _time;
    private readonly DeliveryOptions _options;
    private readonly ILogger<ReviewDriver> _logger;
    private readonly Pulse _lookAgain = new();
    private readonly Lane[] _lanes = [.. Enumerable.Range(0, Lanes).Select(_ => new Lane())];

    public ReviewDriver(Store store, ReviewPass pass, ReviewBoard board, TimeProvider time, IOptions<DeliveryOptions> options, ILogger<ReviewDriver> logger)
    {
        (_store, _pass, _board, _time, _options, _logger) = (store, pass, board, time, options.Value, logger);
        store.Listen(committed =>
        {
            // Who leads later lists them all at the beginning of the term.
            if (!store.Leadership.IsHeld) return;
            foreach (var moved in committed.Signals.OfType<ReviewMoved>()) Add(moved.TaskId);
            if (committed.Signals.Any(s => s is LookAgain)) _lookAgain.Beat();
        });
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _store.Leadership.RunAsync(async term =>
    {
        try
        {
            var lanes = _lanes.Select(lane => Steadily.RunAsync(ct => StepAsync(lane, ct), "Looking at a task in review", _logger, _time, term));
            await Task.WhenAll([.. lanes, SweepAsync(term), Steadily.RunAsync(ListAsync, "Listing tasks in review", _logger, _time, term)]);
        }
        finally
        {
            // What was found in this term is no longer kept up to date here.
            _board.Reset();
        }
    }, stoppingToken);

    private async Task ListAsync(CancellationToken ct)
    {
        var again = _lookAgain.Next;
        await AddAllAsync(ct);
        await again.WaitAsync(ct);
    }

    private async Task StepAsync(Lane lane, CancellationToken ct)
    {
        var task = await lane.TakeAsync(ct);
        try
        {
            await _pass.RunAsync(task, ct);
        }
        catch
        {
            // Not forgotten: it stands in line again behind the others.
            lane.Add(task);
            throw;
        }
    }

    private async Task SweepAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(_options.ReviewSweep, _time);
        while (await timer.WaitForNextTickAsync(ct))
            foreach (var task in _board.Tasks) Add(task);
    }

    private async Task AddAllAsync(CancellationToken ct)
    {
        // Also what left review while nobody looked: an open pull request of any other task is tidied up.
        var tasks = await _store.ReadAsync(c => c.QueryAsync<string>(
            "SELECT id FROM tasks WHERE status = 'review' UNION SELECT task_id FROM pulls WHERE state IN ('open', 'queued')"), ct);
        foreach (var task in tasks) Add(task);
    }

    private void Add(string taskId) => _lanes[(uint)string.GetHashCode(taskId, StringComparison.Ordinal) % Lanes].Add(taskId);

    /// <summary>Tasks to look at, each once however often it was asked for.</summary>
    private sealed class Lane
    {
        private readonly Channel<string> _tasks = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
        private readonly HashSet<string> _standing = new(StringComparer.Ordinal);

        public void Add(string task)
        {
            lock (_standing)
                if (_standing.Add(task)) _tasks.Writer.TryWrite(task);
        }

        public async Task<string> TakeAsync(CancellationToken ct)
        {
            var task = await _tasks.Reader.ReadAsync(ct);
            // From here on a new move stands in line again: what this look misses, the next one sees.
            lock (_standing) _standing.Remove(task);
            return task;
        }
    }
}
