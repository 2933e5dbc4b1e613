using Dapper;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>
/// A server that was promoted, or recovered to a moment, goes on with another timeline, and may lack the last commits of the
/// one before: what was leased there must not be honoured here. So the store knows the timeline of its life, and whoever
/// opens the first writer on another one begins a new life, before anything is written. The leader then ends what the former
/// life had handed out.
/// </summary>
internal static class PostgresTimeline
{
    private const string Begin =
        """
        WITH mine AS (UPDATE meta SET value = @now WHERE key = 'timeline' AND value = @was RETURNING key),
             life AS (UPDATE meta SET value = @incarnation WHERE key = 'incarnation' AND EXISTS (SELECT 1 FROM mine)),
             log AS (INSERT INTO meta (key, value) SELECT 'life_from', @incarnation || ':' || h.seq FROM event_head h, mine ON CONFLICT (key) DO UPDATE SET value = excluded.value)
        INSERT INTO meta (key, value) SELECT 'new_life', @why FROM mine ON CONFLICT (key) DO UPDATE SET value = excluded.value
        """;

    public static void Heed(NpgsqlConnection writer)
    {
        var (now, was) = writer.QuerySingle<(string?, string?)>(
            "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END, (SELECT value FROM meta WHERE key = 'timeline')");
        // Not promoted yet: whoever writes now is refused by the server, and comes again.
        if (now is null) return;
        if (was is null) writer.Execute("INSERT INTO meta (key, value) VALUES ('timeline', @now) ON CONFLICT (key) DO NOTHING", new { now });
        else if (was != now) writer.Execute(Begin, new { now, was, incarnation = Guid.NewGuid().ToString("N"), why = $"the database was promoted or recovered (timeline {Convert.ToInt32(was, 16)} to {Convert.ToInt32(now, 16)})" });
    }
}
