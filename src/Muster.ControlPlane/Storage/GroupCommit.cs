using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Muster.ControlPlane.Storage;

/// <summary>
/// The only thread that writes. Takes what waits, runs it in one transaction, commits, then answers everyone: a flush is
/// paid once for all that arrived together.
/// </summary>
public sealed class GroupCommit : IAsyncDisposable
{
    /// <summary>Operations of one commit; enough to hide the flush, few enough to keep its latency low.</summary>
    private const int BatchLimit = 512;

    private readonly Channel<Operation> _operations = Channel.CreateBounded<Operation>(
        new BoundedChannelOptions(20_000) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly ICommitEngine _engine;
    private readonly Action<Committed> _committed;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public GroupCommit(ICommitEngine engine, Action<Committed> committed, ILogger logger)
    {
        _engine = engine;
        _committed = committed;
        _logger = logger;
        new Thread(Loop) { IsBackground = true, Name = "store-writer" }.Start();
    }

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

    public async ValueTask DisposeAsync()
    {
        _operations.Writer.TryComplete();
        await _stopped.Task;
        await _engine.DisposeAsync();
    }

    private async Task<T> EnqueueAsync<T>(Operation operation, TaskCompletionSource<T> answer, CancellationToken ct)
    {
        if (!_operations.Writer.TryWrite(operation))
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

    private void Loop()
    {
        while (_operations.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            var batch = new List<Operation>();
            try
            {
                Commit(batch);
            }
            catch (Exception error)
            {
                // The commit itself failed (disk full, server gone): nothing of the batch happened, or nobody knows whether
                // it did, and who was not answered yet hears so.
                Undo(batch);
                foreach (var operation in batch) operation.Fail(error);
                _logger.LogError(error, "A commit of {Operations} operations failed", batch.Count);
            }
        }

        _stopped.SetResult();
    }

    private void Commit(List<Operation> batch)
    {
        while (batch.Count < BatchLimit && _operations.Reader.TryRead(out var operation)) batch.Add(operation);
        var careful = false;
        var started = Stopwatch.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            StoreTransaction? tx = null;
            try
            {
                tx = _engine.Begin(alone: batch.Exists(o => o.Kind is null));
                RunAll(tx, batch, careful);
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
                var aftermath = _engine.Recover(tx, error, attempt);
                if (aftermath != Aftermath.Committed)
                {
                    _engine.Abandon();
                    if (aftermath == Aftermath.Failed) throw;
                    Reset(batch);
                    continue;
                }
            }

            StoreMeter.Committed(batch.Count, _operations.Reader.Count, started);
            Answer(tx, batch);
            return;
        }
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
            RunOne(tx, careful, () => group.Key.RunAll(tx, items), error =>
            {
                group.Key.Undone();
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

    private static void Reset(List<Operation> batch)
    {
        Undo(batch);
        foreach (var operation in batch) operation.Reset();
    }

    private static void Undo(List<Operation> batch)
    {
        foreach (var kind in batch.Where(o => o.Kind is not null).Select(o => o.Kind!).Distinct()) kind.Undone();
    }

    private void Answer(StoreTransaction? tx, List<Operation> batch)
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
            // Waking so many is work for others; this thread has the next commit to do.
            ThreadPool.UnsafeQueueUserWorkItem(static answered => answered.ForEach(operation => operation.Succeed()), batch, preferLocal: false);
        }
    }

    private sealed class NoWayBackException(Exception cause) : Exception("An operation failed after it had written.", cause);
}
