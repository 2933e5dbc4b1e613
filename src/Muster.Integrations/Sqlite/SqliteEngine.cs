using Dapper;
using Microsoft.Data.Sqlite;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Sqlite;

/// <summary>Transactions of the embedded store. Nobody else writes to the file, so the last event number is kept in memory.</summary>
internal sealed class SqliteEngine : ICommitEngine
{
    private readonly PreparedConnection _connection;
    private readonly TimeProvider _time;
    private readonly SqliteRowsRunner _rows;
    private readonly SqliteCommand _insertEvent;
    private long _lastSeq;

    public SqliteEngine(SqliteConnection connection, TimeProvider time)
    {
        _connection = new PreparedConnection(connection);
        _time = time;
        _rows = new SqliteRowsRunner(connection);
        _lastSeq = connection.QuerySingle<long>("SELECT seq FROM event_head");
        _insertEvent = connection.CreateCommand();
        _insertEvent.CommandText = "INSERT INTO events (seq, id, type, project_id, task_id, agent_id, text, data, at) VALUES (@seq, @id, @type, @project, @task, @agent, @text, @data, @at)";
        foreach (var name in (string[])["@seq", "@id", "@type", "@project", "@task", "@agent", "@text", "@data", "@at"])
            _insertEvent.Parameters.Add(new SqliteParameter(name, DBNull.Value));
    }

    private bool InTransaction => SQLitePCL.raw.sqlite3_get_autocommit(_connection.Inner.Handle) == 0;

    public StoreTransaction Begin(bool alone)
    {
        _connection.Execute("BEGIN IMMEDIATE");
        return new StoreTransaction(_connection, _time.GetUtcNow(), () => _lastSeq, _rows);
    }

    public void Mark(StoreTransaction tx, bool careful) => _connection.Execute("SAVEPOINT operation");

    public void Keep(StoreTransaction tx) => _connection.Execute("RELEASE operation");

    public bool TryUndo(StoreTransaction tx, Exception error)
    {
        // Some errors, a full disk among them, make SQLite undo the whole transaction by itself: then all in it have failed.
        if (!InTransaction) return false;
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

    /// <summary>Asked only when SQLite has undone the whole transaction by itself, which it does when the disk or the file fails.</summary>
    public bool IsOwnFault(Exception error) => false;

    /// <summary>One process, one writer: there is nobody to collide with, and a disk that is full stays full.</summary>
    public Aftermath Recover(StoreTransaction? tx, Exception error, int attempt) => Aftermath.Failed;

    public async ValueTask DisposeAsync()
    {
        _rows.Dispose();
        await _insertEvent.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private void Insert(EventRow row)
    {
        var p = _insertEvent.Parameters;
        p[0].Value = row.Seq;
        p[1].Value = row.Id;
        p[2].Value = row.Type;
        p[3].Value = (object?)row.ProjectId ?? DBNull.Value;
        p[4].Value = (object?)row.TaskId ?? DBNull.Value;
        p[5].Value = (object?)row.AgentId ?? DBNull.Value;
        p[6].Value = row.Text;
        p[7].Value = (object?)row.Data ?? DBNull.Value;
        p[8].Value = row.At;
        _insertEvent.ExecuteNonQuery();
    }
}
