using System.Runtime.ExceptionServices;

namespace Muster.ControlPlane.Storage;

/// <summary>Something that waits for a commit. As work for the thread pool it answers whoever waits, who goes on there.</summary>
public abstract class Operation : IThreadPoolWorkItem
{
    void IThreadPoolWorkItem.Execute() => Succeed();

    /// <summary>What it is run together with; null for one that is run by itself.</summary>
    internal virtual IBulk? Kind => null;

    /// <summary>What it stands for, where that is several; null where it is one.</summary>
    internal virtual IReadOnlyList<Operation>? Parts => null;

    internal virtual void Run(StoreTransaction tx) => throw new NotSupportedException("It is run by its kind.");

    internal abstract void Refuse(Exception error);
    internal abstract void Reset();
    internal abstract void Succeed();
    internal abstract void Fail(Exception error);
}

internal interface IBulk
{
    int Order { get; }

    void RunAll(StoreTransaction tx, IReadOnlyList<Operation> items);

    void Undone(int writer);
}

/// <summary>
/// An operation that many ask for at once, carried out for all of them by the same few statements. It takes the rows it
/// needs under lock and decides on what they say then, so that planes that share a store can run it side by side.
/// One object per kind: items of the same object are run together. Where a plane has several writers, each runs its own
/// items in a transaction of its own, at the same time as the others.
/// </summary>
public abstract class BulkOperation<TItem, TResult> : IBulk
{
    /// <summary>Kinds of one commit run in this order.</summary>
    public virtual int Order => 0;

    /// <summary>
    /// Items with the same key are carried out one after the other, in the order in which they came. One without a key is in
    /// line with the operations that are run by themselves.
    /// </summary>
    public virtual string? KeyOf(TItem item) => null;

    /// <summary>The last run of a writer did not take effect: what it did outside the transaction is to be taken back.</summary>
    public virtual void Undone(int writer)
    {
    }

    /// <summary>Gives every item its result or its refusal; an exception undoes and refuses all of them.</summary>
    protected abstract void Run(StoreTransaction tx, IReadOnlyList<BulkItem<TItem, TResult>> items);

    void IBulk.RunAll(StoreTransaction tx, IReadOnlyList<Operation> items) => Run(tx, [.. items.Cast<BulkItem<TItem, TResult>>()]);
}

public sealed class BulkItem<TItem, TResult>(BulkOperation<TItem, TResult> kind, TItem item) : Operation
{
    private TResult? _result;
    private Exception? _refusal;

    public TItem Item { get; } = item;

    public TaskCompletionSource<TResult> Answer { get; } = new();

    /// <summary>Its answer, once it is committed; throws what it was refused with.</summary>
    public TResult Outcome
    {
        get
        {
            if (_refusal is not null) ExceptionDispatchInfo.Throw(_refusal);
            return _result!;
        }
    }

    internal override IBulk Kind => kind;

    /// <summary>Its answer, given once the commit is on disk.</summary>
    public void Settle(TResult result) => _result = result;

    internal override void Refuse(Exception error) => _refusal = error;

    /// <summary>Refuses this item alone.</summary>
    public void Refused(Exception error) => _refusal = error;

    internal override void Reset() => (_result, _refusal) = (default, null);

    internal override void Succeed()
    {
        if (_refusal is null) Answer.SetResult(_result!);
        else Answer.SetException(_refusal);
    }

    internal override void Fail(Exception error) => Answer.TrySetException(error);
}

internal sealed class SingleOperation<T>(Func<StoreTransaction, T> run) : Operation
{
    private T? _result;
    private Exception? _refusal;

    public TaskCompletionSource<T> Answer { get; } = new();

    internal override void Run(StoreTransaction tx) => _result = run(tx);

    internal override void Refuse(Exception error) => _refusal = error;

    internal override void Reset() => (_result, _refusal) = (default, null);

    internal override void Succeed()
    {
        if (_refusal is null) Answer.SetResult(_result!);
        else Answer.SetException(_refusal);
    }

    internal override void Fail(Exception error) => Answer.TrySetException(error);
}

/// <summary>
/// Items of bulk operations that one caller wants carried out by one commit: he waits once, and then looks at the outcome of
/// each. All have the same key. Each is refused for itself.
/// </summary>
public sealed class Together : Operation
{
    private readonly List<Operation> _items = [];

    internal TaskCompletionSource<Together> Answer { get; } = new();

    /// <summary>See <see cref="BulkOperation{TItem, TResult}.KeyOf"/>.</summary>
    public string? Key { get; private set; }

    internal override IReadOnlyList<Operation> Parts => _items;

    public BulkItem<TItem, TResult> Add<TItem, TResult>(BulkOperation<TItem, TResult> kind, TItem item)
    {
        var key = kind.KeyOf(item);
        if (_items.Count > 0 && key != Key) throw new ArgumentException("Only what has the same key is carried out in one order.", nameof(item));
        Key = key;
        var added = new BulkItem<TItem, TResult>(kind, item);
        _items.Add(added);
        return added;
    }

    internal override void Refuse(Exception error) => throw new NotSupportedException("Its items are refused.");

    internal override void Reset() => throw new NotSupportedException("Its items are reset.");

    internal override void Succeed() => Answer.SetResult(this);

    internal override void Fail(Exception error) => Answer.TrySetException(error);
}
