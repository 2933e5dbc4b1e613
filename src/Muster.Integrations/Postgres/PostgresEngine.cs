using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Muster.Integrations.Postgres;

/// <summary>A plane among those that share a store.</summary>
internal sealed record PlaneName(string Id, string Name);

/// <summary>
/// Transactions of one of a plane's writers on a store that it shares with the others, and with other planes. Operations that need the store to themselves
/// take it in turn (an advisory lock); bulk operations, which lock their rows, share it. The end of the event log is taken
/// last, for the length of the commit itself, so numbers have no gap and follow the order of commits.
/// </summary>
/// <param name="server">Where the store is.</param>
/// <param name="plane">Whose transactions they are.</param>
/// <param name="writer">Which of the plane's writers this is.</param>
/// <param name="time">The clock of a test; the server's otherwise.</param>
/// <param name="incarnationSeen">Told which life of the store each transaction found.</param>
/// <param name="follower">Brings what the plane's writers commit into the order of the log.</param>
/// <param name="logger">For operators.</param>
internal sealed class PostgresEngine(PostgresServer server, PlaneName plane, int writer, TimeProvider time, Action<string> incarnationSeen, PostgresFollower follower, ILogger logger) : ICommitEngine
{
    /// <summary>How long a batch waits for a server that has gone; after that who waits is told.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long a standby is waited for before it is asked again.</summary>
    private const int ConfirmSeconds = 5;

    private const int RerunLimit = 5;

    private NpgsqlConnection? _connection;
    private DialectConnection? _dialect;
    private Waiting? _waiting;
    private long _batch;
    private bool _committing;
    private bool _unconfirmed;
    private int _writesAtMark;
    private bool _marked;
    private bool _heard;
    private bool _entered;

    public bool IsHere => false;

    public int Writer => writer;

    public StoreTransaction Begin(bool alone)
    {
        var connection = Connect();
        _committing = false;
        _batch++;
        using var begin = new NpgsqlCommand(
            $"BEGIN; SELECT {(alone ? "pg_advisory_xact_lock" : "pg_advisory_xact_lock_shared")}({PostgresServer.WritersLock}); "
            + $"SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint, (SELECT value FROM meta WHERE key = 'incarnation'), EXISTS (SELECT 1 FROM planes WHERE id = '{plane.Id}'), EXISTS (SELECT 1 FROM planes WHERE id <> '{plane.Id}')", connection);
        DateTimeOffset now;
        bool known;
        using (var reader = begin.ExecuteReader())
        {
            reader.NextResult();
            reader.Read();
            // A test has a clock of its own; everybody else goes by the store's.
            now = time == TimeProvider.System ? Times.At(reader.GetInt64(0)) : time.GetUtcNow();
            incarnationSeen(reader.GetString(1));
            known = _entered && reader.GetBoolean(2);
            _heard = reader.GetBoolean(3);
        }

        if (!known) Enter();
        _dialect!.Waiting = _waiting = new Waiting(connection);
        return new StoreTransaction(_dialect, now, TakeHead, new PostgresRowsRunner(_waiting)) { Writer = writer, IsAlone = !_heard };
    }

    public void Mark(StoreTransaction tx, bool careful)
    {
        _writesAtMark = tx.Writes;
        _marked = careful;
        if (careful) Run("SAVEPOINT operation");
    }

    public void Keep(StoreTransaction tx)
    {
        if (!_marked) return;
        _waiting!.Add(new NpgsqlBatchCommand("RELEASE operation"));
        _waiting.Send();
    }

    public bool TryUndo(StoreTransaction tx, Exception error)
    {
        // A server that has no room left, or no memory, is given up by the driver: with the connection goes the transaction.
        if (!IsOwnFault(error) || _connection is not { FullState: System.Data.ConnectionState.Open }) return false;
        if (_marked)
        {
            _waiting!.Forget();
            Run("ROLLBACK TO operation; RELEASE operation");
            return true;
        }

        // Refused before it wrote anything: there is nothing to undo. An error of the server's own spoils the transaction.
        return tx.Writes == _writesAtMark && error is not NpgsqlException;
    }

    public void Commit(StoreTransaction tx)
    {
        // A plane that comes meanwhile waits for what is under way before it reads anything.
        var wakeup = _heard ? Wakeup.Write(plane.Id, tx) : "";
        if (tx.Events.Count == 0 && tx.Writes == 0 && wakeup.Length == 0)
        {
            Run("COMMIT");
            return;
        }

        // One round trip, so that the head of the log is held for no longer than the flush.
        _committing = true;
        _unconfirmed = false;
        follower.Committing(writer);
        try
        {
            var seq = _waiting!.Commit(tx.Events.Count > 0 ? WithEvents(tx, wakeup) : Bare(wakeup));
            RequireConfirmed();
            if (tx.Events.Count > 0) tx.Number(seq - tx.Events.Count);
        }
        catch
        {
            follower.NotCommitted(writer);
            throw;
        }

        _committing = false;
    }

    public void Abandon()
    {
        if (_connection is null) return;
        try
        {
            if (_connection.FullState == System.Data.ConnectionState.Open)
            {
                Run("ROLLBACK");
                return;
            }
        }
        catch (Exception error) when (Outage.Is(error))
        {
            logger.LogWarning("The connection to the store was lost: {Reason}", error.Message);
        }

        Drop();
    }

    public bool IsOwnFault(Exception error) => !Outage.Is(error) && !Outage.IsCollision(error) && !Outage.IsOldPlan(error);

    public Aftermath Recover(StoreTransaction? tx, Exception error, int attempt)
    {
        // With the connection go all plans of before.
        if (Outage.IsOldPlan(error)) Drop();
        if (Outage.IsCollision(error) || Outage.IsOldPlan(error)) return attempt < RerunLimit ? Aftermath.Rerun : Aftermath.Failed;
        if (!Outage.Is(error)) return Aftermath.Failed;

        logger.LogWarning("The store does not answer: {Reason}", error.Message);
        var asked = _committing;
        _committing = false;
        Drop();
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < Patience)
        {
            try
            {
                Connect();
                // Asked to commit and not answered: the row that names the batch was written with it, or was not.
                if (!asked || !Happened(tx!)) return attempt < RerunLimit ? Aftermath.Rerun : Aftermath.Failed;
                Confirm();
                return Aftermath.Committed;
            }
            catch (Exception again) when (Outage.Is(again))
            {
                Drop();
                Thread.Sleep(Random.Shared.Next(50, 250));
            }
        }

        return Aftermath.Failed;
    }

    public ValueTask DisposeAsync()
    {
        Drop();
        return ValueTask.CompletedTask;
    }

    private NpgsqlConnection Connect()
    {
        if (_connection is { FullState: System.Data.ConnectionState.Open }) return _connection;
        Drop();
        _connection = server.OpenWriter(plane.Id, writer);
        _dialect = new DialectConnection(_connection);
        _connection.Notice += (_, told) => _unconfirmed |= told.Notice.InvariantSeverity == "WARNING";
        return _connection;
    }

    /// <summary>
    /// A server with a synchronous standby commits, waits for it, and when that wait is cancelled (by the driver's limit, by an operator)
    /// says so in a warning beside its yes: it is on one disk and perhaps not on the other.
    /// </summary>
    private void RequireConfirmed()
    {
        if (_unconfirmed) throw new TimeoutException("The synchronous standby has not confirmed the commit.");
    }

    /// <summary>Waits until whatever was committed is where the server's settings want it: a later commit is there no sooner.</summary>
    private void Confirm()
    {
        _unconfirmed = false;
        using var later = new NpgsqlCommand("SELECT pg_logical_emit_message(true, 'muster', 'confirm')", _connection) { CommandTimeout = ConfirmSeconds };
        later.ExecuteScalar();
        RequireConfirmed();
    }

    private void Drop()
    {
        _connection?.Dispose();
        (_connection, _dialect) = (null, null);
    }

    /// <summary>Somebody took this plane for gone. Without its row nobody could tell whether a commit of it happened.</summary>
    private void Enter()
    {
        using var enter = new NpgsqlCommand(
            "INSERT INTO planes (id, name, batch, started_at, seen_at) SELECT $1, $2, 0, ms, ms FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) now ON CONFLICT (id) DO NOTHING", _connection)
        {
            Parameters = { Text(plane.Id), Text(plane.Name) },
        };
        // Whom nobody knows of was told nothing.
        if (enter.ExecuteNonQuery() > 0) follower.Tell([new LookAgain()]);
        using var write = new NpgsqlCommand("INSERT INTO plane_writers (plane_id, writer) VALUES ($1, $2) ON CONFLICT (plane_id, writer) DO NOTHING", _connection) { Parameters = { Text(plane.Id), Number(writer) } };
        write.ExecuteNonQuery();
        _entered = true;
    }

    /// <summary>Whether the batch in flight was committed: its first event is there, or else its number. No connection of this writer from before is left that could still do it.</summary>
    private bool Happened(StoreTransaction tx)
    {
        if (tx.Events.Count > 0)
        {
            // Ids have no index. What others may have committed since then is far less than this.
            using var first = new NpgsqlCommand("SELECT seq FROM events WHERE seq > (SELECT seq - 1000000 FROM event_head) AND id = $1", _connection) { Parameters = { new NpgsqlParameter<string> { TypedValue = tx.Events[0].Id } } };
            if (first.ExecuteScalar() is not long seq) return false;
            tx.Number(seq - 1);
            return true;
        }

        using var ask = new NpgsqlCommand("SELECT batch FROM plane_writers WHERE plane_id = $1 AND writer = $2", _connection) { Parameters = { Text(plane.Id), Number(writer) } };
        // Taken for gone meanwhile, and the row removed: nobody can tell.
        return ask.ExecuteScalar() is long batch ? batch == _batch : throw new StoreUnusableException("Nobody can tell whether the commit happened: this plane was away for too long.");
    }

    private long TakeHead()
    {
        _waiting!.Send();
        using var take = new NpgsqlCommand("SELECT seq FROM event_head WHERE id = 1 FOR UPDATE", _connection);
        return (long)take.ExecuteScalar()!;
    }

    private void Run(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        command.ExecuteNonQuery();
    }

    private NpgsqlBatchCommand Bare(string wakeup) => new(
        "WITH mine AS (INSERT INTO plane_writers (plane_id, writer, batch) VALUES ($2, $4, $1) ON CONFLICT (plane_id, writer) DO UPDATE SET batch = excluded.batch) SELECT 0::bigint, CASE WHEN $3 = '' THEN NULL ELSE pg_notify('" + PostgresServer.Channel + "', $3) END")
    {
        Parameters = { new NpgsqlParameter<long> { TypedValue = _batch }, Text(plane.Id), Text(wakeup), Number(writer) },
    };

    private NpgsqlBatchCommand WithEvents(StoreTransaction tx, string wakeup) => new(
        "WITH head AS (UPDATE event_head SET seq = seq + $1 WHERE id = 1 RETURNING seq), "
        + "written AS (INSERT INTO events (seq, id, type, project_id, task_id, agent_id, text, data, at) "
        + "SELECT head.seq - $1 + e.n, e.id, e.type, e.project_id, e.task_id, e.agent_id, e.text, e.data, $2 "
        + "FROM head, unnest($3, $4, $5, $6, $7, $8, $9) WITH ORDINALITY AS e(id, type, project_id, task_id, agent_id, text, data, n)) "
        + "SELECT seq, CASE WHEN $10 = '' THEN NULL ELSE pg_notify('" + PostgresServer.Channel + "', $10) END FROM head")
    {
        Parameters =
        {
            new NpgsqlParameter<long> { TypedValue = tx.Events.Count },
            new NpgsqlParameter<long> { TypedValue = tx.Now },
            Texts(tx.Events, e => e.Id),
            Texts(tx.Events, e => e.Type),
            Texts(tx.Events, e => e.ProjectId),
            Texts(tx.Events, e => e.TaskId),
            Texts(tx.Events, e => e.AgentId),
            Texts(tx.Events, e => e.Text),
            Texts(tx.Events, e => e.Data),
            Text(wakeup),
        },
    };

    private static NpgsqlParameter<int> Number(int value) => new() { TypedValue = value };

    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter<string?[]> Texts(IReadOnlyList<EventRow> events, Func<EventRow, string?> field)
    {
        var values = new string?[events.Count];
        for (var i = 0; i < values.Length; i++) values[i] = PlainText.Clean(field(events[i]));
        return new NpgsqlParameter<string?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
    }
}
