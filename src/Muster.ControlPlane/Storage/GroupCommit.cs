using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Muster.ControlPlane.Storage;

/// <summary>
/// The only way to write; a plane on a server has a few of them side by side. Takes what waits, runs it in one transaction, commits, then answers everyone: a flush is paid once for
/// all that arrived together. Its thread does so; but where the store is in this process and nobody writes, whoever comes does it
/// in the thread that it came in, because to hand it over twice takes longer than to do it.
/// </summary>
public sealed class GroupCommit : IAsyncDisposable
{
    /// <summary>Operations of one commit; enough to hide the flush, few enough to keep its latency low.</summary>
    private const int BatchLimit = 512;

    private readonly Channel<Operation> _operations = Channel.CreateBounded<Operation>(
        // All that follows from an arrival is that the writer wakes; a thread of the pool in between would only make it later.
        new BoundedChannelOptions(20_000) { FullMode = BoundedChannelFullMode.Wait, AllowSynchronousContinuations = true });
    private readonly ICommitEngine _engine;
    private readonly Action<Committed> _committed;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim? _asking;

    /// <summary>Kinds that ran in what is not committed yet: only they have done something outside of it.</summary>
    private readonly HashSet<IBulk> _ran = [];
    private bool _asks;

    /// <summary>Held by whoever writes. It is none that a thread can take twice: a listener that writes is in line like everybody.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    // What runs in a caller's thread must not take what flows with that caller for its own.
    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="engine">Carries transactions out.</param>
    /// <param name="committed">Told of each commit before anyone is answered.</param>
    /// <param name="logger">For operators.</param>
    /// <param name="asking">
    /// The turn of the writers that a plane has side by side, null for a single one. While one asks, the others commit or gather what
    /// comes: a batch that begins as soon as there is anything is a small one, and costs as much as a large one.
    /// </param>
    public GroupCommit(ICommitEngine engine, Action<Committed> committed, ILogger logger, SemaphoreSlim? asking = null)
    {
        _asking = asking;
        _engine = engine;
        _committed = committed;
        _logger = logger;
        new Thread(Loop) { IsBackground = true, Name = "store-writer" }.Start();
    }

    /// <summary>Whether the last commit that had something to write failed.</summary>
    public bool HasFailed { get; private set; }

    public Task<T> RunAsync<T>(Func<StoreTransaction, T> run, CancellationToken ct)
    {
        var operation = new SingleOperation<T>(run);
        return EnqueueAsync(operation, operation.Answer, ct);
    }

    public Task<TResult> RunAsync<TItem, TResult>(BulkOperation<TItem, TResult> kind, TItem item, CancellationToken ct)
    {
        var operation = new BulkItem<TItem, TResult>(kind, item);
        return EnqueueAsync(operation, operation.Answer, ct);
    }

    public Task<Together> RunAsync(Together items, CancellationToken ct) => EnqueueAsync(items, items.Answer, ct);

    public async ValueTask DisposeAsync()
    {
        var first = _operations.Writer.TryComplete();
        await _stopped.Task;
        if (!first) return;
        // For good: who comes now finds the store closing.
        await _turn.WaitAsync();
        await _engine.DisposeAsync();
    }

    private async Task<T> EnqueueAsync<T>(Operation operation, TaskCompletionSource<T> answer, CancellationToken ct)
    {
        if (!TryHere(operation) && !_operations.Writer.TryWrite(operation))
        {
            try
            {
                await _operations.Writer.WriteAsync(operation, ct);
            }
            catch (ChannelClosedException)
            {
                throw new StoreUnusableException("The store is closing.");
            }
        }

        // Once queued it may be committed whatever the caller does, so the caller always waits for the outcome.
        return await answer.Task;
    }

    /// <summary>Carries it out in this thread, with what else waits, when nobody else writes.</summary>
    private bool TryHere(Operation operation)
    {
        if (!_engine.IsHere || !_turn.Wait(0)) return false;
        try
        {
            if (_context is null) Run(operation);
            else ExecutionContext.Run(_context, _ => Run(operation), null);
        }
        finally
        {
            _turn.Release();
        }

        return true;
    }

    private void Loop()
    {
        while (_operations.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            Ask();
            _turn.Wait();
            try
            {
                Run(own: null);
            }
            finally
            {
                _turn.Release();
                HaveAsked();
            }
        }

        _stopped.SetResult();
    }

    /// <summary>Carries out all that waits.</summary>
    /// <param name="own">What the thread that runs this came with.</param>
    private void Run(Operation? own)
    {
        var batch = new Batch(own);
        while (batch.Operations.Count < BatchLimit && _operations.Reader.TryRead(out var operation)) batch.Add(operation);
        // Somebody else was there before.
        if (batch.Operations.Count == 0) return;
        try
        {
            Commit(batch);
        }
        catch (Exception error)
        {
            // The commit itself failed (disk full, server gone): nothing of the batch happened, or nobody knows whether
            // it did, and who was not answered yet hears so.
            HasFailed = true;
            Undo();
            batch.Fail(error);
            _logger.LogError(error, "A commit failed");
        }
    }

    private void Commit(Batch callers)
    {
        var batch = callers.Operations;
        var careful = false;
        var started = Stopwatch.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            StoreTransaction? tx = null;
            try
            {
                Ask();
                tx = _engine.Begin(alone: batch.Exists(o => o.Kind is null));
                RunAll(tx, batch, careful);
                HaveAsked();
                _engine.Commit(tx);
            }
            catch (Exception error) when (!careful && (error is NoWayBackException || _engine.IsOwnFault(error)))
            {
                // With a place to come back to before each operation, the next run can tell the one that fails from the others.
                careful = true;
                _engine.Abandon();
                Reset(batch);
                continue;
            }
            catch (Exception error)
            {
                HaveAsked();
                var aftermath = _engine.Recover(tx, error, attempt);
                if (aftermath != Aftermath.Committed)
                {
                    _engine.Abandon();
                    if (aftermath == Aftermath.Failed) throw;
                    Reset(batch);
                    continue;
                }
            }

            _ran.Clear();
            if (tx is null or { Writes: > 0 } or { Events.Count: > 0 }) HasFailed = false;
            StoreMeter.Committed(batch.Count, _operations.Reader.Count, started);
            Answer(tx, callers);
            return;
        }
    }

    private void Ask()
    {
        if (_asks || _asking is null) return;
        _asking.Wait();
        _asks = true;
    }

    private void HaveAsked()
    {
        if (!_asks) return;
        _asks = false;
        _asking!.Release();
    }

    private void RunAll(StoreTransaction tx, List<Operation> batch, bool careful)
    {
        // What was written for a store of its own goes first; the bulk that follows sees what it did.
        foreach (var operation in batch)
            if (operation.Kind is null)
                RunOne(tx, careful, () => operation.Run(tx), operation.Refuse);
        foreach (var group in batch.Where(o => o.Kind is not null).GroupBy(o => o.Kind!).OrderBy(g => g.Key.Order))
        {
            var items = group.ToList();
            _ran.Add(group.Key);
            RunOne(tx, careful, () => group.Key.RunAll(tx, items), error =>
            {
                _ran.Remove(group.Key);
                group.Key.Undone(_engine.Writer);
                items.ForEach(i => i.Refuse(error));
            });
        }
    }

    private void RunOne(StoreTransaction tx, bool careful, Action run, Action<Exception> refuse)
    {
        var mark = tx.Mark();
        _engine.Mark(tx, careful);
        try
        {
            run();
            _engine.Keep(tx);
        }
        catch (Exception error)
        {
            if (_engine.TryUndo(tx, error))
            {
                tx.Forget(mark);
                refuse(error);
                return;
            }

            if (careful || !_engine.IsOwnFault(error)) throw;
            throw new NoWayBackException(error);
        }
    }

    private void Reset(List<Operation> batch)
    {
        Undo();
        foreach (var operation in batch) operation.Reset();
    }

    private void Undo()
    {
        foreach (var kind in _ran) kind.Undone(_engine.Writer);
        _ran.Clear();
    }

    private void Answer(StoreTransaction? tx, Batch callers)
    {
        // Before the answers: whoever got one must find what it caused already announced.
        try
        {
            if (tx is not null) _committed(new Committed(tx.Events, tx.Signals));
        }
        catch (Exception error)
        {
            _logger.LogError(error, "A listener to the store failed");
        }
        finally
        {
            callers.Wake();
        }
    }

    /// <summary>What one commit carries out, and whom it answers.</summary>
    private sealed class Batch
    {
        private readonly List<Operation> _callers = [];
        private readonly Operation? _own;

        public Batch(Operation? own)
        {
            _own = own;
            if (own is not null) Take(own);
        }

        public List<Operation> Operations { get; } = [];

        public void Add(Operation caller)
        {
            _callers.Add(caller);
            Take(caller);
        }

        /// <summary>Whoever waits goes on in a thread of the pool, and this one has the next commit to do; but nobody waits yet for its own.</summary>
        public void Wake()
        {
            _own?.Succeed();
            if (_callers.Count == 1) ThreadPool.UnsafeQueueUserWorkItem(_callers[0], preferLocal: false);
            else if (_callers.Count > 1) ThreadPool.UnsafeQueueUserWorkItem(
                static callers =>
                {
                    // The first one last, in this thread.
                    for (var at = 1; at < callers.Count; at++) ThreadPool.UnsafeQueueUserWorkItem(callers[at], preferLocal: true);
                    callers[0].Succeed();
                }, _callers, preferLocal: false);
        }

        public void Fail(Exception error)
        {
            _own?.Fail(error);
            foreach (var caller in _callers) ThreadPool.UnsafeQueueUserWorkItem(static failed => failed.caller.Fail(failed.error), (caller, error), preferLocal: false);
        }

        private void Take(Operation caller)
        {
            if (caller.Parts is { } parts) Operations.AddRange(parts);
            else Operations.Add(caller);
        }
    }

    private sealed class NoWayBackException(Exception cause) : Exception("An operation failed after it had written.", cause);
}
