using Dapper;
using Microsoft.Data.Sqlite;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Sqlite;

/// <summary>Transactions of the embedded store. Nobody else writes to the file, so the last event number is kept in memory.</summary>
internal sealed class SqliteEngine : ICommitEngine
{
    private readonly PreparedConnection _connection;
    private readonly TimeProvider _time;
    private readonly SqliteStatements _statements;
    private readonly SqliteRowsRunner _rows;
    private readonly SqliteStatement _insertEvent;
    private long _lastSeq;
    private int _writesAtMark;
    private bool _marked;

    public SqliteEngine(SqliteConnection connection, TimeProvider time)
    {
        _connection = new PreparedConnection(connection);
        _time = time;
        _statements = new SqliteStatements(connection);
        _rows = new SqliteRowsRunner(_statements);
        _lastSeq = connection.QuerySingle<long>("SELECT seq FROM event_head");
        _insertEvent = _statements.Prepare("INSERT INTO events (seq, id, type, project_id, task_id, agent_id, text, data, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    }

    public bool IsHere => true;

    public int Writer => 0;

    private bool InTransaction => SQLitePCL.raw.sqlite3_get_autocommit(_connection.Inner.Handle) == 0;

    public StoreTransaction Begin(bool alone)
    {
        _connection.Execute("BEGIN IMMEDIATE");
        return new StoreTransaction(_connection, _time.GetUtcNow(), () => _lastSeq, _rows) { IsAlone = true };
    }

    public void Mark(StoreTransaction tx, bool careful)
    {
        (_writesAtMark, _marked) = (tx.Writes, careful);
        // Under a savepoint every page is copied before it is changed, and few operations fail once they write.
        if (careful) _connection.Execute("SAVEPOINT operation");
    }

    public void Keep(StoreTransaction tx)
    {
        if (_marked) _connection.Execute("RELEASE operation");
    }

    public bool TryUndo(StoreTransaction tx, Exception error)
    {
        // Some errors, a full disk among them, make SQLite undo the whole transaction by itself: then all in it have failed.
        if (!InTransaction) return false;
        if (!_marked) return tx.Writes == _writesAtMark;
        _connection.Execute("ROLLBACK TO operation");
        _connection.Execute("RELEASE operation");
        return true;
    }

    public void Commit(StoreTransaction tx)
    {
        tx.Number(_lastSeq);
        foreach (var row in tx.Events) Insert(row);
        if (tx.Events.Count > 0) _connection.Execute("UPDATE event_head SET seq = @seq", new { seq = _lastSeq + tx.Events.Count });
        _connection.Execute("COMMIT");
        _lastSeq += tx.Events.Count;
    }

    public void Abandon()
    {
        if (InTransaction) _connection.Execute("ROLLBACK");
    }

    /// <summary>When the disk or the file fails, SQLite has undone the whole transaction by itself.</summary>
    public bool IsOwnFault(Exception error) => InTransaction;

    /// <summary>One process, one writer: there is nobody to collide with, and a disk that is full stays full.</summary>
    public Aftermath Recover(StoreTransaction? tx, Exception error, int attempt) => Aftermath.Failed;

    public async ValueTask DisposeAsync()
    {
        _statements.Dispose();
        await _connection.DisposeAsync();
    }

    private void Insert(EventRow row)
    {
        _insertEvent.Bind(1, row.Seq);
        _insertEvent.Bind(2, row.Id);
        _insertEvent.Bind(3, row.Type);
        _insertEvent.Bind(4, row.ProjectId);
        _insertEvent.Bind(5, row.TaskId);
        _insertEvent.Bind(6, row.AgentId);
        _insertEvent.Bind(7, row.Text);
        _insertEvent.Bind(8, row.Data);
        _insertEvent.Bind(9, row.At);
        _insertEvent.Run();
    }
}
