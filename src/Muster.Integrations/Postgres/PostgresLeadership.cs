using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>
/// Says once a second that this plane is alive, and takes or keeps the lead, by the server's clock, on a connection of its
/// own and beside the writers' lock. Its commits need not reach the disk: what a leader writes does, and with it whatever
/// was logged before.
/// </summary>
internal sealed class PostgresLeadership : IAsyncDisposable
{
    /// <summary>How long the lead lasts without being renewed. A successor begins as soon as it is over.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(4);

    /// <summary>By how much this plane stops earlier by its own clock than others begin by the server's.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    /// <summary>A row of a plane that is gone stays until nothing it may have left in flight can be asked for any more.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    private const string Clock = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

    // A clock that was set back must not keep a dead leader in office: a lease longer than a lease can be is none.
    private const string Expired = $"(until <= {Clock} OR until > {Clock} + 2 * $2)";

    private const string Say =
        $"""
        WITH clock AS MATERIALIZED (SELECT {Clock} AS ms),
             alive AS (INSERT INTO planes (id, name, batch, started_at, seen_at, knows, version) SELECT $1, $3, 0, ms, ms, $5, $6 FROM clock
                       ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, knows = excluded.knows, version = excluded.version RETURNING xmax = 0 AS is_new),
             renewed AS (UPDATE leadership SET until = clock.ms + $2 FROM clock WHERE id = 1 AND plane_id = $1 AND until > clock.ms RETURNING term)
        SELECT COALESCE((SELECT term FROM renewed), 0), l.until - clock.ms, (SELECT value FROM meta WHERE key = 'incarnation'),
               ARRAY(SELECT p.id FROM planes p WHERE p.id <> $1 AND p.seen_at NOT BETWEEN clock.ms - $4 AND clock.ms + 60000),
               COALESCE((SELECT value FROM meta WHERE key = 'schema_serves'), '1')::integer, (SELECT is_new FROM alive)
          FROM leadership l CROSS JOIN clock
        """;

    // A transaction of the former leader that is under way holds the row until it is over.
    private const string TakeOver =
        $"""
        WITH free AS (SELECT id FROM leadership WHERE id = 1 AND {Expired} FOR UPDATE)
        UPDATE leadership l SET plane_id = $1, term = l.term + 1, until = {Clock} + $2 FROM free WHERE l.id = free.id RETURNING l.term
        """;

    private readonly PostgresServer _server;
    private readonly string _planeId;
    private readonly string _name;
    private readonly Action<string> _incarnationSeen;
    private readonly Action<int> _servedSeen;
    private readonly Action<Signal> _tell;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _now = new(0, 1);
    private HashSet<string> _gone = new(StringComparer.Ordinal);
    private NpgsqlConnection? _connection;
    private Task _beating = Task.CompletedTask;

    public PostgresLeadership(PostgresServer server, string planeId, string name, Action<string> incarnationSeen, Action<int> servedSeen, Action<Signal> tell, ILogger logger) =>
        (_server, _planeId, _name, _incarnationSeen, _servedSeen, _tell, _logger) = (server, planeId, name, incarnationSeen, servedSeen, tell, logger);

    public Leadership State { get; } = new();

    /// <summary>Says it for the first time, so that a plane which is alone leads from its start.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        await BeatAsync(ct);
        _beating = Task.Run(LoopAsync, ct);
    }

    /// <summary>Looks at once: somebody may have left the lead.</summary>
    public void Hurry()
    {
        lock (_now)
            if (_now.CurrentCount == 0) _now.Release();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beating;
        State.Lose();
        try
        {
            if (_connection is { FullState: System.Data.ConnectionState.Open }) await LeaveAsync();
        }
        catch (Exception error) when (Outage.Is(error))
        {
            _logger.LogWarning("The other planes were not told that this one leaves, and notice by themselves: {Reason}", error.Message);
        }

        await DropAsync();
        _stop.Dispose();
        _now.Dispose();
    }

    private async Task LoopAsync()
    {
        var wait = Beat;
        while (true)
        {
            try
            {
                await _now.WaitAsync(wait, _stop.Token);
                wait = await BeatAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (Outage.Is(error) || Outage.IsCollision(error) || error is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled })
            {
                // The term goes on for as long as it was given; whether it is renewed, the next try says.
                _logger.LogWarning("The lead could not be renewed or looked at: {Reason}", error.Message);
                await DropAsync();
                wait = TimeSpan.FromMilliseconds(Random.Shared.Next(100, 300));
            }
            catch (Exception error)
            {
                _logger.LogError(error, "The lead could not be renewed or looked at");
                await DropAsync();
            }
        }
    }

    /// <summary>Answers how long to wait until the next time.</summary>
    private async Task<TimeSpan> BeatAsync(CancellationToken ct)
    {
        var connection = await ConnectAsync(ct);
        // From before the question: the answer may have been long on its way.
        var asked = Stopwatch.GetTimestamp();
        long term, left;
        string[] gone;
        bool isNew;
        await using (var say = new NpgsqlCommand(Say, connection) { Parameters = { Text(_planeId), Milliseconds(Lease), Text(_name), Milliseconds(Planes.GoneAfter), Knows, Version } })
        await using (var reader = await say.ExecuteReaderAsync(ct))
        {
            await reader.ReadAsync(ct);
            (term, left, gone) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetFieldValue<string[]>(3));
            _incarnationSeen(reader.GetString(2));
            _servedSeen(reader.GetInt32(4));
            isNew = reader.GetBoolean(5);
        }

        // Whom nobody knows of is told nothing.
        if (isNew) _tell(new LookAgain());

        if (term == 0 && (left <= 0 || left > 2 * Lease.TotalMilliseconds))
        {
            asked = Stopwatch.GetTimestamp();
            term = await TakeOverAsync(connection, ct);
        }

        if (term > 0) State.Take(term, Lease - Margin - Stopwatch.GetElapsedTime(asked));
        else State.Lose();
        await NoteAsync(connection, gone, ct);
        if (term > 0 || left <= 0) return Beat;
        return TimeSpan.FromMilliseconds(Math.Clamp(left + Random.Shared.Next(5, 50), 50, Beat.TotalMilliseconds));
    }

    private async Task<long> TakeOverAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var take = new NpgsqlCommand(TakeOver, connection) { Parameters = { Text(_planeId), Milliseconds(Lease) } };
        if (await take.ExecuteScalarAsync(ct) is not long term) return 0;
        _logger.LogInformation("This plane leads in term {Term}", term);
        return term;
    }

    private async Task NoteAsync(NpgsqlConnection connection, string[] gone, CancellationToken ct)
    {
        var fresh = gone.Where(id => !_gone.Contains(id)).ToList();
        _gone = gone.ToHashSet(StringComparer.Ordinal);
        foreach (var id in fresh) _tell(new PlaneGone(id));
        if (fresh.Count == 0 && _gone.Count == 0) return;
        await using var remove = new NpgsqlCommand($"DELETE FROM planes WHERE id = ANY($1) AND seen_at NOT BETWEEN {Clock} - $2 AND {Clock} + 60000", connection)
        {
            Parameters = { new NpgsqlParameter<string[]> { TypedValue = gone }, Milliseconds(Kept) },
        };
        await remove.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Leaves in good order: the next one leads at once and takes over what was kept here.</summary>
    private async Task LeaveAsync()
    {
        await using var leave = new NpgsqlCommand(
            $"WITH mine AS (DELETE FROM planes WHERE id = $1), lead AS (UPDATE leadership SET until = 0 WHERE id = 1 AND plane_id = $1) SELECT pg_notify('{PostgresServer.Channel}', $2)", _connection)
        {
            Parameters = { Text(_planeId), Text(Wakeup.One(_planeId, new PlaneGone(_planeId))) },
        };
        await leave.ExecuteNonQueryAsync();
    }

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken ct)
    {
        if (_connection is { FullState: System.Data.ConnectionState.Open }) return _connection;
        await DropAsync();
        _connection = await _server.OpenAsync("muster lead", ct);
        await using var set = new NpgsqlCommand("SET synchronous_commit = off; SET lock_timeout = '2s'; SET statement_timeout = '3s'", _connection);
        await set.ExecuteNonQueryAsync(ct);
        return _connection;
    }

    private async Task DropAsync()
    {
        if (_connection is not null) await _connection.DisposeAsync();
        _connection = null;
    }

    private static NpgsqlParameter<int> Knows => new() { TypedValue = Migrations.Known };

    private static NpgsqlParameter<string> Version => Text(Product.Version);

    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value };

    private static NpgsqlParameter<long> Milliseconds(TimeSpan time) => new() { TypedValue = (long)time.TotalMilliseconds };
}
