namespace Muster.ControlPlane.Storage;

/// <summary>Something that waits for a commit. As work for the thread pool it answers whoever waits, who goes on there.</summary>
public abstract class Operation : IThreadPoolWorkItem
{
    void IThreadPoolWorkItem.Execute() => Succeed();

    /// <summary>What it is run together with; null for one that is run by itself.</summary>
    internal virtual IBulk? Kind => null;

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
