using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Operations.State;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>
/// The shared state in PostgreSQL: for several planes and no Redis. In a table that is not logged, so that it costs no
/// flush and is empty after a crash, which is all that a shared state promises. Made by itself, apart from the store's
/// schema: nothing in it outlives its use.
/// </summary>
/// <param name="address">The server and database.</param>
/// <param name="space">Stands before every key, so that installations in one database do not meet.</param>
/// <param name="logger">Told of losses and returns.</param>
public sealed class PostgresState(PostgresAddress address, string space, ILogger logger) : ISharedState
{
    private const string Table =
        """
        SELECT pg_advisory_lock(7886462);
        CREATE UNLOGGED TABLE IF NOT EXISTS shared_state (key text PRIMARY KEY, value bytea, holder text, at bigint, full_at bigint, ends timestamptz NOT NULL);
        CREATE INDEX IF NOT EXISTS shared_state_ends ON shared_state (ends);
        SELECT pg_advisory_unlock(7886462);
        """;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private readonly PostgresServer _server = new(address);
    private readonly CancellationTokenSource _stop = new();
    private Task _watching = Task.CompletedTask;
    private string? _fault = "not connected yet.";

    public PartHealth Health => Volatile.Read(ref _fault) is { } fault
        ? PartHealth.Degraded($"{_server.Address} cannot be reached: {fault} It is tried again every 2 seconds; until then each plane counts for itself, and locks for safety are not given.")
        : PartHealth.Healthy(_server.Address.ToString());

    public bool IsShared => true;

    /// <summary>Begins to look after the table and the connection.</summary>
    public PostgresState Started()
    {
        _watching = WatchAsync(_stop.Token);
        return this;
    }

    public async ValueTask<IReadOnlyList<byte[]?>> GetAsync(IReadOnlyList<string> keys, CancellationToken ct)
    {
        var found = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        string[] wanted = [.. keys.Select(k => Key("value", k))];
        await RunAsync("SELECT key, value FROM shared_state WHERE key = ANY ($1) AND ends > clock_timestamp()", [Text(wanted)], async reader =>
        {
            while (await reader.ReadAsync(ct)) found[reader.GetString(0)] = reader.GetFieldValue<byte[]>(1);
            return true;
        }, ct);
        return [.. wanted.Select(found.GetValueOrDefault)];
    }

    public async ValueTask SetAsync(IReadOnlyList<KeyValuePair<string, byte[]>> values, TimeSpan life, CancellationToken ct)
    {
        // In one order, so that two planes that set the same keys do not wait for each other in a circle; a key once.
        var last = values.GroupBy(v => Key("value", v.Key), StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => (g.Key, g.Last().Value)).ToList();
        await RunAsync(
            """
            INSERT INTO shared_state (key, value, ends) SELECT k, v, clock_timestamp() + $3 FROM unnest($1, $2) AS given (k, v)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, ends = excluded.ends
            """,
            [Text([.. last.Select(v => v.Key)]), new NpgsqlParameter<byte[][]> { TypedValue = [.. last.Select(v => v.Value)] }, Span(life)], Any, ct);
    }

    public async ValueTask RemoveAsync(string key, CancellationToken ct) => await RunAsync("DELETE FROM shared_state WHERE key = $1", [Text(Key("value", key))], Any, ct);

    /// <summary>As <see cref="Bucket.Take"/>, in one statement and by the server's clock, in microseconds.</summary>
    public async ValueTask<Taken> TakeAsync(string key, Rate rate, int count, CancellationToken ct)
    {
        const double second = 1_000_000;
        var whole = (long)(rate.Burst / rate.PerSecond * second);
        var cost = (long)(count / rate.PerSecond * second);
        NpgsqlParameter[] arguments = [Text(Key("limit", key)), Number(whole), Number(cost)];
        var taken = await RunAsync(
            """
            INSERT INTO shared_state AS s (key, at, full_at, ends)
            SELECT $1, us, us + $3, clock_timestamp() + ($3 + 1000000) * interval '1 microsecond' FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us) AS now WHERE $3 <= $2
            ON CONFLICT (key) DO UPDATE SET at = excluded.at, full_at = LEAST(GREATEST(s.full_at, excluded.at), excluded.at + $2) + $3,
                ends = clock_timestamp() + ($2 + 1000000) * interval '1 microsecond'
             WHERE LEAST(GREATEST(s.full_at, excluded.at), excluded.at + $2) + $3 - $2 <= excluded.at
            RETURNING 1
            """, arguments, Any, ct);
        if (taken) return new Taken(true, TimeSpan.Zero);
        var wait = await RunAsync(
            """
            SELECT LEAST(GREATEST(COALESCE((SELECT full_at FROM shared_state WHERE key = $1), 0), us), us + $2) + $3 - $2 - us
              FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us) AS now
            """,
            [Text(Key("limit", key)), Number(whole), Number(cost)], async reader => await reader.ReadAsync(ct) ? reader.GetInt64(0) : 0, ct);
        // It may have filled since it refused.
        return new Taken(false, TimeSpan.FromMicroseconds(Math.Max(1, wait)));
    }

    public async ValueTask<bool> TryLockAsync(string name, string holder, TimeSpan length, CancellationToken ct) => await RunAsync(
        """
        INSERT INTO shared_state AS s (key, holder, ends) VALUES ($1, $2, clock_timestamp() + $3)
        ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, ends = excluded.ends WHERE s.ends <= clock_timestamp() RETURNING 1
        """, [Text(Key("lock", name)), Text(holder), Span(length)], Any, ct);

    public async ValueTask<bool> ExtendAsync(string name, string holder, TimeSpan length, CancellationToken ct) => await RunAsync(
        "UPDATE shared_state SET ends = clock_timestamp() + $3 WHERE key = $1 AND holder = $2 AND ends > clock_timestamp() RETURNING 1",
        [Text(Key("lock", name)), Text(holder), Span(length)], Any, ct);

    public async ValueTask UnlockAsync(string name, string holder, CancellationToken ct) =>
        await RunAsync("DELETE FROM shared_state WHERE key = $1 AND holder = $2", [Text(Key("lock", name)), Text(holder)], Any, ct);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    private static Task<bool> Any(NpgsqlDataReader reader) => reader.ReadAsync();

    private static NpgsqlParameter Text(string value) => new NpgsqlParameter<string> { TypedValue = value };

    private static NpgsqlParameter Text(string[] values) => new NpgsqlParameter<string[]> { TypedValue = values };

    private static NpgsqlParameter Number(long value) => new NpgsqlParameter<long> { TypedValue = value };

    private static NpgsqlParameter Span(TimeSpan value) => new NpgsqlParameter<TimeSpan> { TypedValue = value };

    private string Key(string kind, string name) => $"{space}:{kind}:{name}";

    private async Task<T> RunAsync<T>(string sql, NpgsqlParameter[] arguments, Func<NpgsqlDataReader, Task<T>> read, CancellationToken ct)
    {
        if (Volatile.Read(ref _fault) is { } known) throw new StateUnavailableException($"{_server.Address} cannot be reached: {known}");
        try
        {
            await using var connection = await _server.OpenReaderAsync(ct);
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 2 };
            command.Parameters.AddRange(arguments);
            await using var reader = await command.ExecuteReaderAsync(ct);
            return await read(reader);
        }
        catch (Exception error) when (error is NpgsqlException || Outage.Is(error))
        {
            if (Outage.Is(error)) Lose(error);
            throw new StateUnavailableException($"{_server.Address}: {error.Message}", error);
        }
    }

    /// <summary>Makes the table, finds the server again after a loss, and takes out what has ended.</summary>
    private async Task WatchAsync(CancellationToken ct)
    {
        await Task.Yield();
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _server.OpenAsync("muster state", ct);
                await using (var make = new NpgsqlCommand(Table, connection)) await make.ExecuteNonQueryAsync(ct);
                if (Interlocked.Exchange(ref _fault, null) is not null) logger.LogInformation("State: connected with {Server}", _server.Address);
                while (true)
                {
                    await using var clean = new NpgsqlCommand("DELETE FROM shared_state WHERE key IN (SELECT key FROM shared_state WHERE ends < clock_timestamp() LIMIT 5000)", connection) { CommandTimeout = 5 };
                    await clean.ExecuteNonQueryAsync(ct);
                    await Task.Delay(Look, ct);
                    if (Volatile.Read(ref _fault) is not null) break;
                }
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // Also what nobody thought of: it is tried again.
                Lose(error);
                await Task.Delay(Look * (0.5 + Random.Shared.NextDouble() / 2), ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Lose(Exception error)
    {
        if (Interlocked.Exchange(ref _fault, error.Message) is not null) return;
        logger.LogWarning("State: {Server}: {Reason}", _server.Address, error.Message);
        // Pooled connections of a server that has been restarted would each fail once more.
        NpgsqlConnection.ClearAllPools();
    }
}
