using System.Data;

namespace Muster.ControlPlane.Storage;

/// <summary>
/// The one truth. Writes are operations that run inside a transaction with others that arrived together and are
/// answered only after the commit is on disk; reads see committed state.
/// </summary>
public abstract class Store : IAsyncDisposable
{
    private readonly Lock _listening = new();
    private volatile Action<Committed>[] _listeners = [];

    /// <summary>Random id of this store's life; part of every lease, so that a restored copy cannot honour old ones.</summary>
    public string Incarnation { get; protected set; } = "";

    /// <summary>Key that signs lease tokens. Never leaves the store.</summary>
    public byte[] LeaseKey { get; protected set; } = [];

    /// <summary>This process among the planes that share the store; a new one with every start.</summary>
    public string PlaneId { get; protected set; } = Ids.New();

    /// <summary>Whether other planes may work on this store at the same time.</summary>
    public virtual bool IsShared => false;

    /// <summary>How many transactions this plane carries out side by side at the most.</summary>
    public virtual int Writers => 1;

    /// <summary>Whether this plane does what only one of those that share the store may do.</summary>
    public virtual Leadership Leadership { get; } = Leadership.Sole();

    /// <summary>
    /// Whether what other planes commit is heard. When it is not, what memory holds may be out of date, and whoever must not be
    /// wrong asks the store.
    /// </summary>
    public virtual bool Hears => true;

    /// <summary>What is wrong with the event log, for people: numbers that are missing, or were given twice. Null where nothing is.</summary>
    public virtual string? LogFault => null;

    /// <summary>Which engine this is and where its data lies, for people.</summary>
    public abstract string Description { get; }

    /// <summary>
    /// Runs an operation and answers after its commit. An exception undoes this operation alone.
    /// Operations are synchronous on purpose: inside a transaction there is nothing to wait for but the store.
    /// </summary>
    public Task<T> WriteAsync<T>(Func<StoreTransaction, T> operation, CancellationToken ct = default) =>
        Leadership.Duty is { } tenure ? WriteInTermAsync(tenure, operation, ct) : RunAsync(operation, ct);

    /// <summary>Runs an operation together with all of its kind that have arrived meanwhile, and answers after the commit.</summary>
    public Task<TResult> WriteAsync<TItem, TResult>(BulkOperation<TItem, TResult> kind, TItem item, CancellationToken ct = default) => Leadership.Duty is null
        ? RunAsync(kind, item, ct)
        : throw InNoTerm();

    /// <summary>Runs items of bulk operations by one commit, and answers after it; the outcome of each stands at the item.</summary>
    public Task WriteAsync(Together items, CancellationToken ct = default) => Leadership.Duty is null ? RunAsync(items, ct) : throw InNoTerm();

    public Task WriteAsync(Action<StoreTransaction> operation, CancellationToken ct = default) =>
        WriteAsync<object?>(tx => { operation(tx); return null; }, ct);

    public abstract Task<T> ReadAsync<T>(Func<IDbConnection, Task<T>> read, CancellationToken ct = default);

    /// <summary>
    /// Hands over what each commit changed, in order, exactly once, before anyone gets an answer. Called on the writer:
    /// a listener only passes on to a queue of its own.
    /// </summary>
    public void Listen(Action<Committed> listener)
    {
        lock (_listening) _listeners = [.. _listeners, listener];
    }

    /// <summary>Whether the store can write now; the reason when it cannot.</summary>
    public abstract Task<string?> CheckAsync(CancellationToken ct);

    public abstract ValueTask DisposeAsync();

    protected abstract Task<T> RunAsync<T>(Func<StoreTransaction, T> operation, CancellationToken ct);

    protected abstract Task<TResult> RunAsync<TItem, TResult>(BulkOperation<TItem, TResult> kind, TItem item, CancellationToken ct);

    protected abstract Task<Together> RunAsync(Together items, CancellationToken ct);

    /// <summary>Whether this plane leads in this term, as the store says, and stays so until the transaction is over.</summary>
    protected virtual bool Leads(StoreTransaction tx, long term) => true;

    protected void TellListeners(Committed committed)
    {
        foreach (var listener in _listeners) listener(committed);
    }

    private static InvalidOperationException InNoTerm() => new("A bulk operation belongs to no term: a duty of the leader writes by itself.");

    private async Task<T> WriteInTermAsync<T>(Leadership.Tenure tenure, Func<StoreTransaction, T> operation, CancellationToken ct)
    {
        try
        {
            return await RunAsync(tx => Leads(tx, tenure.Term) ? operation(tx) : throw new LeadershipLostException(), ct);
        }
        catch (LeadershipLostException lost)
        {
            await Leadership.LoseAsync(tenure);
            throw new OperationCanceledException(lost.Message, lost, tenure.Over);
        }
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
/// <param name="Counts">How many signals of which kind it stands for; null when nobody knows.</param>
public sealed record LookAgain(IReadOnlyDictionary<string, int>? Counts = null) : Signal
{
    /// <summary>How many of a kind may have been missed; null when nobody knows.</summary>
    public int? Missed<T>()
        where T : Signal => Counts?.GetValueOrDefault(typeof(T).Name);
}

/// <summary>The event log ends before what was told of it already: whoever follows it has to begin anew.</summary>
public sealed record LogSetBack : Signal
{
    public override bool IsLocal => true;
}

/// <summary>A plane has left or has not been heard of for so long that others take over what it kept.</summary>
public sealed record PlaneGone(string PlaneId) : Signal;

/// <summary>One of the planes that share a store.</summary>
public sealed record PlaneRow
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public long StartedAt { get; init; }
    public long SeenAt { get; init; }
    public bool Leads { get; init; }

    /// <summary>The newest step of the schema that its program knows.</summary>
    public int Knows { get; init; }
    public string? Version { get; init; }
}
