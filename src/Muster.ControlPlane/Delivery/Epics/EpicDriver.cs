using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Epics;

/// <summary>The leader puts the branch of an epic into the line before its target when all its tasks are done, and again when what blocked it may be gone.</summary>
internal sealed class EpicDriver : BackgroundService
{
    /// <summary>Where no epic has a branch, what happens to tasks is not asked about at every commit.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(50);

    private readonly Store _store;
    private readonly IRepositories _repositories;
    private readonly TimeProvider _time;
    private readonly DeliveryOptions _options;
    private readonly ILogger<EpicDriver> _logger;
    private readonly Pulse _moved = new();

    public EpicDriver(Store store, IRepositories repositories, TimeProvider time, IOptions<DeliveryOptions> options, ILogger<EpicDriver> logger)
    {
        (_store, _repositories, _time, _options, _logger) = (store, repositories, time, options.Value, logger);
        store.Listen(committed =>
        {
            if (committed.Events.Any(e => Matters(e.Type)) || committed.Signals.Any(s => s is TargetMoved or LookAgain)) _moved.Beat();
        });
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        _store.Leadership.RunAsync(term => Steadily.RunAsync(StepAsync, "Looking at epics", _logger, _time, term), stoppingToken);

    private static bool Matters(string type) => type is EventTypes.TaskCreated or EventTypes.TaskUpdated or EventTypes.TaskDeleted or EventTypes.TaskCompleted or EventTypes.TaskCancelled
        or EventTypes.TaskRetried or EventTypes.PullMerged or EventTypes.PlanImported or EventTypes.EpicBlocked or EventTypes.EpicMerged;

    private async Task StepAsync(CancellationToken ct)
    {
        var beat = _moved.Next;
        // Of those merged, the ones in which something happened since.
        var epics = (await _store.ReadAsync(c => c.QueryAsync<EpicMergeRow>(
            EpicMergeRow.Select + " WHERE m.position IS NULL AND (m.state <> 'merged' OR EXISTS (SELECT 1 FROM tasks t WHERE t.epic_id = m.epic_id AND t.updated_at >= m.updated_at))"), ct)).AsList();
        foreach (var epic in epics) await LookAsync(epic, ct);
        if (epics.Count == 0) await Task.Delay(Rest, ct);
        await Pulse.WaitAsync(beat, epics.Any(e => e.RetryAt is not null) ? _options.ReviewSweep : Timeout.InfiniteTimeSpan, _time, ct);
    }

    private async Task LookAsync(EpicMergeRow epic, CancellationToken ct)
    {
        if (!epic.Complete)
        {
            if (epic.State != EpicMergeState.Open) await WriteAsync(epic, EpicWrites.Reopen, ct);
            return;
        }

        if (_repositories.Open(epic.ProjectId) is not { } repository || await repository.ResolveAsync(BranchNames.Heads + epic.Branch, ct) is not { } head
            || await repository.ResolveAsync(BranchNames.Heads + epic.Target, ct) is not { } tip) return;
        if (await repository.IsAncestorAsync(head, tip, ct))
        {
            // The person has merged by hand what could not be merged here.
            if (epic.State == EpicMergeState.Blocked) await WriteAsync(epic, (tx, row) => EpicWrites.Merged(tx, row, Project(tx, row), tip, null), ct);
            return;
        }

        var due = epic.RetryAt is { } at && at <= _time.GetUtcNow().ToUnixTimeMilliseconds();
        if (epic.State == EpicMergeState.Blocked && head == epic.HeadSha && tip == epic.BaseSha && !due) return;
        await WriteAsync(epic, (tx, row) => EpicWrites.Enqueue(tx, row, head), ct);
    }

    private Task WriteAsync(EpicMergeRow seen, Action<StoreTransaction, EpicMergeRow> write, CancellationToken ct) => _store.WriteAsync(tx =>
    {
        if (EpicMergeRow.Find(tx, seen.EpicId) is { } row && row.State == seen.State && row.Complete == seen.Complete) write(tx, row);
    }, ct);

    private static ProjectRow Project(StoreTransaction tx, EpicMergeRow row) => tx.QueryFirst<ProjectRow>(ProjectRow.Select + " WHERE id = @ProjectId", new { row.ProjectId })!;
}
