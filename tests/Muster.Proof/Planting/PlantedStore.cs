using System.Collections.Concurrent;
using System.Data;
using System.Diagnostics;
using Muster.Contracts.Events;
using Muster.ControlPlane.Storage;

namespace Muster.Proof.Planting;

/// <summary>The real store, with a bug built around it.</summary>
public sealed class PlantedStore : Store
{
    /// <summary>Time an early answer has to reach its caller before the plane dies; no wait for something to happen.</summary>
    private static readonly TimeSpan OnItsWay = TimeSpan.FromMilliseconds(500);

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

    public override string Description => _inner.Description + $", with the planted bug {_state.Plant}";

    public override bool IsShared => _inner.IsShared;

    public override int Writers => _inner.Writers;

    public override Leadership Leadership => _inner.Leadership;

    public override bool Hears => _inner.Hears;

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

    protected override async Task<Together> RunAsync(Together items, CancellationToken ct)
    {
        await _inner.WriteAsync(items, ct);
        await SpoilAsync(ct);
        return items;
    }

    public override Task<T> ReadAsync<T>(Func<IDbConnection, Task<T>> read, CancellationToken ct = default) => _inner.ReadAsync(read, ct);

    public override Task<string?> CheckAsync(CancellationToken ct) => _inner.CheckAsync(ct);

    public override ValueTask DisposeAsync() => _inner.DisposeAsync();

    private async Task SpoilAsync(CancellationToken ct)
    {
        if (_state.Plant is Plant.DropEvent or Plant.ReplaceEvent && _state.Strikes()) await DropAsync(ct);
        if (_state.Plant == Plant.ForgetSuccessors && _done.TryDequeue(out var done) && _state.Strikes()) await ForgetAsync(done, ct);
    }

    /// <summary>A task that is given back is now and then answered before its commit, and the plane killed between the two: waiting for a kill that meets it takes minutes.</summary>
    private async Task<T> EarlyAsync<T>(Func<StoreTransaction, T> operation, CancellationToken ct)
    {
        var early = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        // In another thread: the store may write in the caller's, which goes on with the early answer.
        var whole = Task.Run(() => _inner.WriteAsync(tx =>
        {
            var before = tx.Events.Count;
            var answer = operation(tx);
            if (tx.Events.Skip(before).All(e => e.Type != EventTypes.TaskReleased) || !_state.Strikes()) return answer;
            early.TrySetResult(answer);
            Thread.Sleep(OnItsWay);
            Process.GetCurrentProcess().Kill();
            return answer;
        }, ct), ct);
        // Most have no early answer, and a refusal has none.
        return await await Task.WhenAny(early.Task, whole);
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
