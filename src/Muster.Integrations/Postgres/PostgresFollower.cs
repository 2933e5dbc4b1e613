using System.Diagnostics;
using System.Threading.Channels;
using Dapper;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Storage;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>
/// Hears what other planes commit and brings all events, theirs and our own, into the one order of the log before anyone
/// here is told of them. What is missing between two of them is read from the store. The log has no gap, because a commit takes
/// its end first; when numbers are missing all the same, or given again, somebody has changed it by hand: that is said, and
/// what comes is told.
/// </summary>
internal sealed class PostgresFollower : IAsyncDisposable
{
    private const int Chunk = 1000;

    /// <summary>How long a silence may last before the end of the log is looked at all the same.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(2);

    private static readonly CommandDefinition Alive = new("SELECT 1", commandTimeout: 3);

    /// <summary>From then on what was heard before is not relied on where it matters.</summary>
    private static readonly TimeSpan DeafAfter = TimeSpan.FromSeconds(5);

    /// <summary>How long one of our writers waits for another to tell what comes before.</summary>
    private static readonly TimeSpan LongestTurn = TimeSpan.FromMilliseconds(500);

    private const long Listening = 0;

    private readonly PostgresServer _server;
    private readonly string _planeId;
    private readonly Action<Committed> _tell;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _gaps = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly object _gate = new();
    private readonly bool[] _committing;
    private readonly Task _listening;
    private readonly Task _filling;
    private long _told;
    private volatile bool _rewound;
    private volatile string? _fault;
    private long? _behindSince;
    private long _deafSince = Stopwatch.GetTimestamp();

    public PostgresFollower(PostgresServer server, string planeId, int writers, long head, Action<Committed> tell, ILogger logger)
    {
        _committing = new bool[writers];
        (_server, _planeId, _told, _tell, _logger) = (server, planeId, head, tell, logger);
        _listening = Task.Run(ListenAsync);
        _filling = Task.Run(FillAsync);
    }

    /// <summary>False when other planes were not heard for so long that something that must be known may be missing.</summary>
    public bool Hears => Volatile.Read(ref _deafSince) is var since && (since == Listening || Stopwatch.GetElapsedTime(since) < DeafAfter);

    /// <summary>What is wrong with the log, until the plane starts anew or the store begins another life; null where nothing is.</summary>
    public string? Fault => _fault;

    /// <summary>A writer of ours asks to commit: what it is given may lie before what another one is given.</summary>
    public void Committing(int writer)
    {
        lock (_gate) _committing[writer] = true;
    }

    /// <summary>It was not answered, or refused.</summary>
    public void NotCommitted(int writer)
    {
        lock (_gate)
        {
            _committing[writer] = false;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>
    /// After a commit of our own: told at once where it follows on what was told last. What lies before it may be another
    /// writer's here, which is about to tell it; else it is told when the gap is filled.
    /// </summary>
    public void Committed(int writer, Committed committed)
    {
        lock (_gate)
        {
            _committing[writer] = false;
            var since = Stopwatch.GetTimestamp();
            while (committed.Events.Count > 0 && committed.Events[0].Seq > _told + 1 && Array.Exists(_committing, c => c) && LongestTurn - Stopwatch.GetElapsedTime(since) is { Ticks: > 0 } left)
                Monitor.Wait(_gate, left);
            Monitor.PulseAll(_gate);
            if (committed.Events.Count == 0 || committed.Events[0].Seq == _told + 1)
            {
                if (committed.Events.Count > 0) _told = committed.Events[^1].Seq;
                _tell(committed);
                return;
            }

            _tell(committed with { Events = [] });
        }

        _gaps.Writer.TryWrite(true);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_listening, _filling);
        _stop.Dispose();
    }

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _server.OpenAsync("muster follower", _stop.Token);
                connection.Notification += (_, note) => Hear(note.Payload);
                await connection.ExecuteAsync($"LISTEN {PostgresServer.Channel}");
                // Whatever was announced while nobody listened is in the log; the wake-ups are not, so everybody looks.
                Tell([new LookAgain()]);
                Volatile.Write(ref _deafSince, Listening);
                while (true)
                {
                    _gaps.Writer.TryWrite(true);
                    var looked = Stopwatch.GetTimestamp();
                    // What is heard from ourselves is told by whoever committed it.
                    while (await connection.WaitAsync(LongestSilence, _stop.Token) && Stopwatch.GetElapsedTime(looked) < LongestSilence)
                    {
                        // What others say makes itself looked for.
                    }

                    // A connection whose other end is gone without a word is as silent as one on which nothing is said.
                    await connection.ExecuteAsync(Alive);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // Whatever it is: a plane that is deaf must know it, and listen again. Counted from the first time that it fails.
                Interlocked.CompareExchange(ref _deafSince, Stopwatch.GetTimestamp(), Listening);
                if (Outage.Is(error)) _logger.LogWarning("Other planes are not heard: {Reason}", error.Message);
                else _logger.LogError(error, "Other planes are not heard");
                await DelayAsync();
            }
        }
    }

    private void Hear(string payload)
    {
        if (Wakeup.IsOf(payload, _planeId)) return;
        var signals = Wakeup.Read(payload);
        if (signals.Count > 0) Tell(signals);
        _gaps.Writer.TryWrite(true);
    }

    /// <summary>The store has another life, whose log may end before what was told of the former one.</summary>
    public void Rewind()
    {
        _rewound = true;
        _gaps.Writer.TryWrite(true);
    }

    /// <summary>Something that this plane found out by itself, or another told.</summary>
    public void Tell(IReadOnlyList<Signal> signals)
    {
        lock (_gate) _tell(new Committed([], signals));
    }

    private async Task FillAsync()
    {
        try
        {
            await foreach (var _ in _gaps.Reader.ReadAllAsync(_stop.Token))
            {
                try
                {
                    while (await FillSomeAsync())
                    {
                        // There may be more.
                    }
                }
                catch (Exception error) when (Outage.Is(error))
                {
                    _logger.LogWarning("The event log cannot be read: {Reason}", error.Message);
                    await DelayAsync();
                    _gaps.Writer.TryWrite(true);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    // Whatever it was, a plane that tells nobody of events any more would be worse.
                    _logger.LogError(error, "The event log could not be read or told; it is tried again");
                    await DelayAsync();
                    _gaps.Writer.TryWrite(true);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The plane stops.
        }
    }

    private async Task<bool> FillSomeAsync()
    {
        await using var connection = await _server.OpenReaderAsync(_stop.Token);
        if (_rewound)
        {
            // Where the log of this life began, so that nothing of it is left out; where nobody wrote that down, its end.
            var from = await connection.QuerySingleAsync<long>(
                "SELECT COALESCE((SELECT split_part(f.value, ':', 2)::bigint FROM meta f JOIN meta i ON i.key = 'incarnation' AND split_part(f.value, ':', 1) = i.value WHERE f.key = 'life_from'), (SELECT seq FROM event_head))");
            lock (_gate) _told = Math.Min(_told, from);
            _rewound = false;
            _fault = null;
        }

        var after = Volatile.Read(ref _told);
        var rows = (await connection.QueryAsync<EventRow>("SELECT * FROM events WHERE seq > @after ORDER BY seq LIMIT @Chunk", new { after, Chunk })).AsList();
        if (rows.Count == 0) await HeedEndAsync(connection, after);
        else if (rows[^1].Seq - after != rows.Count) await HeedHolesAsync(connection, after, rows);
        lock (_gate)
        {
            var fresh = rows.Where(r => r.Seq > _told).ToList();
            if (fresh.Count == 0) return rows.Count == Chunk;
            _told = fresh[^1].Seq;
            _tell(new Committed(fresh, []));
            Monitor.PulseAll(_gate);
        }

        return true;
    }

    /// <summary>Numbers that never come are no reason to tell nobody of those that do.</summary>
    private async Task HeedHolesAsync(NpgsqlConnection connection, long after, List<EventRow> rows)
    {
        // What was cleared away by age, before this plane came to tell it, is not missing.
        var oldest = await connection.QuerySingleAsync<long>("SELECT COALESCE(MIN(seq), 0) FROM events");
        var last = Math.Max(after, oldest - 1);
        List<string> holes = [];
        foreach (var row in rows.Where(r => r.Seq > last))
        {
            if (row.Seq > last + 1) holes.Add(row.Seq == last + 2 ? $"{last + 1}" : $"{last + 1} to {row.Seq - 1}");
            last = row.Seq;
        }

        if (holes.Count > 0)
            Say($"Events are missing from the log: {string.Join(", ", holes.Take(5))}{(holes.Count > 5 ? " and more" : "")}. Streams went on without them. Somebody has changed the database by hand, or its server has lost data: `muster store check` tells what else is amiss.");
    }

    /// <summary>A log that ends before what was told of it gives numbers a second time, which whoever follows would take for known.</summary>
    private async Task HeedEndAsync(NpgsqlConnection connection, long after)
    {
        var head = await connection.QuerySingleAsync<long>("SELECT seq FROM event_head");
        if (head >= after)
        {
            _behindSince = null;
            return;
        }

        // A server that was promoted begins a new life within moments, and says where.
        _behindSince ??= Stopwatch.GetTimestamp();
        if (Stopwatch.GetElapsedTime(_behindSince.Value) < DeafAfter || _rewound) return;
        _behindSince = null;
        Say($"The event log ends at {head}, though {after} had been reached: it was set back while this plane ran, and numbers are given a second time. Whoever follows it begins anew. Run `muster store new-incarnation`, so that no lease of before counts.");
        lock (_gate)
        {
            _told = head;
            _tell(new Committed([], [new LogSetBack()]));
            Monitor.PulseAll(_gate);
        }

        _gaps.Writer.TryWrite(true);
    }

    private void Say(string fault)
    {
        _fault = fault;
        _logger.LogError("{Fault}", fault);
    }

    private async Task DelayAsync()
    {
        try
        {
            await Task.Delay(Random.Shared.Next(200, 1000), _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The loop that waits ends by itself.
        }
    }
}
