using Dapper;
using Muster.ControlPlane.Storage;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>Brings the schema of a store on a server up to date while planes of this and the former release may run on it.</summary>
internal static class PostgresSchema
{
    private const int Tries = 20;

    /// <param name="connection">Nothing else uses it; the lock goes with it, so that whoever dies lets go.</param>
    /// <param name="how">What is different from the ordinary case.</param>
    /// <param name="ct">Ends the waiting for whoever holds a table.</param>
    public static async Task<SchemaChange> ApplyAsync(NpgsqlConnection connection, MigrationRun how, CancellationToken ct)
    {
        await connection.ExecuteAsync("SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0");
        // Planes that start together wait for one another here.
        await connection.ExecuteAsync(new CommandDefinition($"SELECT pg_advisory_lock({PostgresServer.MigrationLock})", commandTimeout: 0, cancellationToken: ct));
        // A step that waits for a table makes everybody behind it wait too: it gives way soon, and comes again.
        await connection.ExecuteAsync("SET lock_timeout = '2s'");
        var change = await ApplyAsync(connection, how with { Spell = Dialect.Schema, Before = step => Heed(connection, step) }, Tries, ct);
        await connection.ExecuteAsync($"SET lock_timeout = 0; SELECT pg_advisory_unlock({PostgresServer.MigrationLock})");
        return change;
    }

    private static async Task<SchemaChange> ApplyAsync(NpgsqlConnection connection, MigrationRun how, int tries, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return Migrations.Apply(connection, how);
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                if (attempt == tries)
                    throw new StoreUnusableException(StoreCodes.Busy, "The schema cannot be brought up to date: somebody holds a table that the next step changes. End long transactions (pg_stat_activity), such as a backup that runs, and try again.");
                await Task.Delay(Random.Shared.Next(100, 500), ct);
            }
        }
    }

    /// <summary>What a step takes away must not be needed by a plane that runs.</summary>
    private static void Heed(NpgsqlConnection connection, Migration step)
    {
        if (step.Number == 1 || step.Serves is not { } serves) return;
        var old = connection.Query<string>(
            "SELECT name FROM planes WHERE knows < @serves AND seen_at > (extract(epoch FROM clock_timestamp()) * 1000)::bigint - @gone ORDER BY name",
            new { serves, gone = (long)Planes.GoneAfter.TotalMilliseconds }).AsList();
        if (old.Count > 0)
            throw new StoreUnusableException(StoreCodes.PlanesTooOld, $"{step.Name} takes away what these planes still need: {string.Join(", ", old)}. Stop them, or bring them up to a release that knows schema {serves}, and start again.");
    }
}
