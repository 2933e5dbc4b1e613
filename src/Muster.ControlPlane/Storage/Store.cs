using System.Data;

namespace Muster.ControlPlane.Storage;

/// <summary>
/// The one truth. Writes are operations that run inside a transaction with others that arrived together and are
/// answered only after the commit is on disk; reads see committed state.
/// </summary>
public abstract class Store : IAsyncDisposable
{
    private volatile Action<Committed>[] _listeners = [];

    /// <summary>Random id of this store's life; part of every lease, so that a restored copy cannot honour old ones.</summary>
    public string Incarnation { get; protected set; } = "";

    /// <summary>Key that signs lease tokens. Never leaves the store.</summary>
    public byte[] LeaseKey { get; protected set; } = [];

    /// <summary>This process among the planes that share the store; a new one with every start.</summary>
    public string PlaneId { get; protected set; } = Ids.New();

    /// <summary>Which engine this is and where its data lies, for people.</summary>
    public abstract string Description { get; }

    /// <summary>
    /// Runs an operation and answers after its commit. An exception undoes this operation alone.
    /// Operations are synchronous on purpose: inside a transaction there is nothing to wait for but the store.
    /// </summary>
    public abstract Task<T> WriteAsync<T>(Func<StoreTransaction, T> operation, CancellationToken ct = default);

    /// <summary>Runs an operation together with all of its kind that have arrived meanwhile, and answers after the commit.</summary>
    public abstract Task<TResult> WriteAsync<TItem, TResult>(BulkOperation<TItem, TResult> kind, TItem item, CancellationToken ct = default);

    public Task WriteAsync(Action<StoreTransaction> operation, CancellationToken ct = default) =>
        WriteAsync<object?>(tx => { operation(tx); return null; }, ct);

    public abstract Task<T> ReadAsync<T>(Func<IDbConnection, Task<T>> read, CancellationToken ct = default);

    /// <summary>
    /// Hands over what each commit changed, in order, exactly once, before anyone gets an answer. Called on the writer:
    /// a listener only passes on to a queue of its own.
    /// </summary>
    public void Listen(Action<Committed> listener) => _listeners = [.. _listeners, listener];

    /// <summary>Whether the store can write now; the reason when it cannot.</summary>
    public abstract Task<string?> CheckAsync(CancellationToken ct);

    public abstract ValueTask DisposeAsync();

    protected void TellListeners(Committed committed)
    {
        foreach (var listener in _listeners) listener(committed);
    }
}

/// <summary>What one commit changed, for whoever waits.</summary>
public sealed record Committed(IReadOnlyList<EventRow> Events, IReadOnlyList<Signal> Signals);

/// <summary>A wake-up that is no event: it may be lost or come twice without harm.</summary>
public abstract record Signal
{
    /// <summary>Whether it concerns this plane alone; others are not told.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public virtual bool IsLocal => false;
}

/// <summary>Something may have changed that nobody told of: another plane did much at once, or was not heard for a while.</summary>
public sealed record LookAgain : Signal;
