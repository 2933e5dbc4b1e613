using System.Collections.Concurrent;
using System.Data;
using Muster.Contracts.Events;
using Muster.ControlPlane.Storage;

namespace Muster.Proof.Planting;

/// <summary>The real store, with a bug built around it.</summary>
public sealed class PlantedStore : Store
{
    private readonly Store _inner;
    private readonly PlantState _state;
    private readonly ConcurrentQueue<string> _done = new();

    public PlantedStore(Store inner, PlantState state)
    {
        (_inner, _state) = (inner, state);
        Incarnation = inner.Incarnation;
        LeaseKey = inner.LeaseKey;
        PlaneId = inner.PlaneId;
        inner.Listen(committed =>
        {
            foreach (var told in committed.Events.Where(e => e.Type == EventTypes.TaskCompleted && e.TaskId is not null)) _done.Enqueue(told.TaskId!);
            TellListeners(committed);
        });
    }

    /// <summary>Time between an early answer and its commit; long enough for a kill to fall in.</summary>
    public TimeSpan Late { get; init; } = TimeSpan.FromMilliseconds(15);

    public override string Description => _inner.Description + $", with the planted bug {_state.Plant}";

    protected override async Task<T> RunAsync<T>(Func<StoreTransaction, T> operation, CancellationToken ct)
    {
        if (_state.Plant == Plant.AcknowledgeBeforeCommit) return await EarlyAsync(operation, ct);
        var result = await _inner.WriteAsync(operation, ct);
        await SpoilAsync(ct);
        return result;
    }

    protected override async Task<TResult> RunAsync<TItem, TResult>(BulkOperation<TItem, TResult> kind, TItem item, CancellationToken ct)
    {
        var result = await _inner.WriteAsync(kind, item, ct);
        await SpoilAsync(ct);
        return result;
    }

    public override Task<T> ReadAsync<T>(Func<IDbConnection, Task<T>> read, CancellationToken ct = default) => _inner.ReadAsync(read, ct);

    public override Task<string?> CheckAsync(CancellationToken ct) => _inner.CheckAsync(ct);

    public override ValueTask DisposeAsync() => _inner.DisposeAsync();

    private async Task SpoilAsync(CancellationToken ct)
    {
        if (_state.Plant is Plant.DropEvent or Plant.ReplaceEvent && _state.Strikes()) await DropAsync(ct);
        if (_state.Plant == Plant.ForgetSuccessors && _done.TryDequeue(out var done) && _state.Strikes()) await ForgetAsync(done, ct);
    }

    private async Task<T> EarlyAsync<T>(Func<StoreTransaction, T> operation, CancellationToken ct)
    {
        var early = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = _inner.WriteAsync(tx =>
        {
            var answer = operation(tx);
            early.TrySetResult(answer);
            // A commit that comes late, not a wait for something to happen.
            Thread.Sleep(Late);
            return answer;
        }, ct);
        // A refusal has no early answer.
        return await await Task.WhenAny(early.Task, late);
    }

    /// <summary>The newest event of a task's attempts goes, or is told as another.</summary>
    private Task DropAsync(CancellationToken ct) => _inner.WriteAsync(tx =>
    {
        var seq = tx.QueryFirst<long?>("SELECT MAX(seq) FROM events WHERE type IN (@TaskClaimed, @TaskCompleted)", new { EventTypes.TaskClaimed, EventTypes.TaskCompleted });
        if (seq is null) return;
        tx.Execute(_state.Plant == Plant.DropEvent ? "DELETE FROM events WHERE seq = @seq" : "UPDATE events SET type = 'custom.other' WHERE seq = @seq", new { seq });
    }, ct);

    private Task ForgetAsync(string taskId, CancellationToken ct) => _inner.WriteAsync(
        tx => tx.Execute("UPDATE tasks SET open_dependencies = open_dependencies + 1, ready = 0 WHERE status = 'pending' AND id IN (SELECT task_id FROM edges WHERE depends_on = @taskId)", new { taskId }), ct);
}
