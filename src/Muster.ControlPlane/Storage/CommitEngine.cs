namespace Muster.ControlPlane.Storage;

/// <summary>What an engine does for <see cref="GroupCommit"/>: one transaction at a time, from any thread.</summary>
public interface ICommitEngine : IAsyncDisposable
{
    /// <summary>Whether it works in this process: then a commit takes a flush of the disk, and no answer of another machine.</summary>
    bool IsHere { get; }

    /// <summary>Which of the writers of its plane it is.</summary>
    int Writer { get; }

    /// <summary>Opens a transaction.</summary>
    /// <param name="alone">
    /// Whether its operations were written for a store in which nobody else writes meanwhile. Those that were not take the
    /// rows that they need, and share the store with the other planes'.
    /// </param>
    StoreTransaction Begin(bool alone);

    /// <summary>Before each operation: a place to come back to.</summary>
    /// <param name="tx">The open transaction.</param>
    /// <param name="careful">Whether the batch is run again because the first time there was no way back.</param>
    void Mark(StoreTransaction tx, bool careful);

    /// <summary>After an operation that went well.</summary>
    void Keep(StoreTransaction tx);

    /// <summary>After one that did not: false when the whole transaction is lost with it.</summary>
    bool TryUndo(StoreTransaction tx, Exception error);

    /// <summary>Numbers and writes the events, then commits. On return everything is on disk.</summary>
    void Commit(StoreTransaction tx);

    /// <summary>Gives a transaction up; never throws.</summary>
    void Abandon();

    /// <summary>Whether an operation failed by its own doing, and not because of the store's state or of what others do.</summary>
    bool IsOwnFault(Exception error);

    /// <summary>After a transaction was lost: gets the store back, within a bound, and says what became of it.</summary>
    Aftermath Recover(StoreTransaction? tx, Exception error, int attempt);
}

public enum Aftermath
{
    /// <summary>Nothing of it happened and it will not be tried again; or nobody can tell what happened.</summary>
    Failed,

    /// <summary>Nothing of it happened, and it may be run again.</summary>
    Rerun,

    /// <summary>It was committed, although the answer was lost. Its events are numbered.</summary>
    Committed,
}
