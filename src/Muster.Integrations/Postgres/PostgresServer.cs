using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>How to reach the server: pooled connections for readers, one of its own for each writer.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>Who needs the store to himself holds it alone, who locks his rows shares it.</summary>
    public const long WritersLock = 0x6D7573746572;

    /// <summary>Held while the schema is brought up to date.</summary>
    public const long MigrationLock = WritersLock + 1;

    /// <summary>Where commits are announced.</summary>
    public const string Channel = "muster_commits";

    private readonly NpgsqlDataSource _readers;
    private readonly string _single;

    public PostgresServer(PostgresAddress address)
    {
        Address = address;
        _readers = new NpgsqlDataSourceBuilder(address.ConnectionString(pooled: true)).Build();
        _single = address.ConnectionString(pooled: false);
    }

    public PostgresAddress Address { get; }

    public async Task<NpgsqlConnection> OpenReaderAsync(CancellationToken ct) => await _readers.OpenConnectionAsync(ct);

    /// <summary>A connection by itself, for whatever lasts.</summary>
    public NpgsqlConnection Open(string name)
    {
        var connection = new NpgsqlConnection(_single + $";Application Name={name}");
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <param name="name">What it is for, as the server shows it.</param>
    /// <param name="ct">Gives it up.</param>
    /// <param name="unhurried">Whether a statement may take as long as it takes.</param>
    public async Task<NpgsqlConnection> OpenAsync(string name, CancellationToken ct, bool unhurried = false)
    {
        var connection = new NpgsqlConnection(_single + $";Application Name={name}{(unhurried ? ";Command Timeout=0" : "")}");
        try
        {
            await connection.OpenAsync(ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// The connection of one of a plane's writers. An earlier one that the server has not noticed to be gone is ended first,
    /// so that it neither holds a lock nor commits late.
    /// </summary>
    public NpgsqlConnection OpenWriter(string planeId, int writer)
    {
        var name = $"muster {planeId}/{writer}";
        var connection = Open(name);
        try
        {
            using var end = new NpgsqlCommand("SELECT COALESCE(bool_and(pg_terminate_backend(pid, 5000)), true) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid() AND datname = current_database()", connection)
            {
                Parameters = { new NpgsqlParameter<string> { TypedValue = name } },
            };
            // It may still commit (its disk stands still): nobody can tell yet what became of it, and nothing may be done again before.
            if (end.ExecuteScalar() is not true) throw new TimeoutException("A former connection of this writer has not ended yet.");
            // A 2xx means that it is on disk: stronger settings than that stay as they are.
            using var durable = new NpgsqlCommand("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')", connection);
            durable.ExecuteNonQuery();
            // The writer's statements begin from keys. A plan made while tables were small would walk them when they are not, and
            // to plan anew each time costs more than a small batch.
            using var planned = new NpgsqlCommand("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off", connection);
            planned.ExecuteNonQuery();
            PostgresTimeline.Heed(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync() => await _readers.DisposeAsync();
}
