using System.Threading.Channels;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Sqlite;

/// <summary>The only thread that writes. Takes what waits, runs it in one transaction, commits, then answers everyone.</summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    /// <summary>Operations of one commit; enough to hide the flush, few enough to keep its latency low.</summary>
    private const int BatchLimit = 512;

    private readonly Channel<IOperation> _operations = Channel.CreateBounded<IOperation>(
        new BoundedChannelOptions(20_000) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly PreparedConnection _connection;
    private readonly TimeProvider _time;
    private readonly Action<Committed> _committed;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastSeq;

    public SqliteWriter(SqliteConnection connection, TimeProvider time, Action<Committed> committed, ILogger logger)
    {
        _connection = new PreparedConnection(connection);
        _time = time;
        _committed = committed;
        _logger = logger;
        _lastSeq = connection.QuerySingle<long>(
            "SELECT MAX(COALESCE((SELECT MAX(seq) FROM events), 0), COALESCE((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_seq'), 0))");
        _thread = new Thread(Loop) { IsBackground = true, Name = "store-writer" };
        _thread.Start();
    }

    public async Task<T> RunAsync<T>(Func<StoreTransaction, T> run, CancellationToken ct)
    {
        var operation = new Operation<T>(run);
        try
        {
            await _operations.Writer.WriteAsync(operation, ct);
        }
        catch (ChannelClosedException)
        {
            throw new StoreUnusableException("The store is closing.");
        }

        // Once queued it may be committed whatever the caller does, so the caller always waits for the outcome.
        return await operation.Answer.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _operations.Writer.TryComplete();
        await _stopped.Task;
        await _connection.DisposeAsync();
    }

    private bool InTransaction => SQLitePCL.raw.sqlite3_get_autocommit(_connection.Inner.Handle) == 0;

    private void Loop()
    {
        var batch = new List<IOperation>(BatchLimit);
        while (_operations.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batch.Clear();
            try
            {
                Commit(batch);
            }
            catch (Exception error)
            {
                // Not even begun: then the first that waits hears so, lest it is tried for ever.
                if (batch.Count == 0 && _operations.Reader.TryRead(out var first)) batch.Add(first);
                // The commit itself failed (disk full, input/output error): nothing of the batch happened, and who
                // was not answered yet hears so.
                foreach (var operation in batch) operation.Fail(error);
                _logger.LogError(error, "A commit of {Operations} operations failed", batch.Count);
            }
        }

        _stopped.SetResult();
    }

    private void Commit(List<IOperation> batch)
    {
        var tx = new StoreTransaction(_connection, _lastSeq, _time.GetUtcNow());
        _connection.Execute("BEGIN IMMEDIATE");
        try
        {
            while (batch.Count < BatchLimit && _operations.Reader.TryRead(out var operation))
            {
                batch.Add(operation);
                RunOne(tx, operation);
            }

            _connection.Execute("COMMIT");
        }
        catch
        {
            if (InTransaction) _connection.Execute("ROLLBACK");
            throw;
        }

        _lastSeq += tx.Events.Count;
        // Before the answers: whoever got one must find what it caused already announced.
        try
        {
            _committed(new Committed(tx.Events, tx.Signals));
        }
        finally
        {
            foreach (var operation in batch) operation.Succeed();
        }
    }

    private void RunOne(StoreTransaction tx, IOperation operation)
    {
        var mark = tx.Mark();
        tx.Execute("SAVEPOINT operation");
        try
        {
            operation.Run(tx);
            tx.Execute("RELEASE operation");
        }
        catch (Exception error)
        {
            // Some errors, a full disk among them, make SQLite undo the whole transaction by itself: then all in it have failed.
            if (!InTransaction) throw;
            tx.Execute("ROLLBACK TO operation");
            tx.Execute("RELEASE operation");
            tx.Forget(mark);
            operation.Refuse(error);
        }
    }

    private interface IOperation
    {
        void Run(StoreTransaction tx);
        void Refuse(Exception error);
        void Succeed();
        void Fail(Exception error);
    }

    private sealed class Operation<T>(Func<StoreTransaction, T> run) : IOperation
    {
        private T? _result;
        private Exception? _refusal;

        public TaskCompletionSource<T> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Run(StoreTransaction tx) => _result = run(tx);

        public void Refuse(Exception error) => _refusal = error;

        public void Succeed()
        {
            if (_refusal is null) Answer.SetResult(_result!);
            else Answer.SetException(_refusal);
        }

        public void Fail(Exception error) => Answer.TrySetException(error);
    }
}
