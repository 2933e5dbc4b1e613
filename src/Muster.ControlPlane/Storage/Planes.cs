using Dapper;

namespace Muster.ControlPlane.Storage;

/// <summary>Who of those that share a store is there.</summary>
public static class Planes
{
    /// <summary>A plane says every second that it is there; after this time others take over what it kept.</summary>
    public static readonly TimeSpan GoneAfter = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A condition for rows that some plane keeps (<c>plane_id</c>): it is not this one, and nobody is there who keeps them.
    /// Takes <c>@PlaneId</c> and <c>@alive</c>.
    /// </summary>
    public static string Orphaned(string table) =>
        $"({table}.plane_id IS DISTINCT FROM @PlaneId AND NOT EXISTS (SELECT 1 FROM planes pl WHERE pl.id = {table}.plane_id AND pl.seen_at > @alive))";

    /// <summary>Those that are there, the oldest first; none where a store cannot be shared.</summary>
    public static async Task<IReadOnlyList<PlaneRow>> ListAsync(Store store, CancellationToken ct) => !store.IsShared ? [] : [.. await store.ReadAsync(c => c.QueryAsync<PlaneRow>(
        """
        SELECT p.id, p.name, p.started_at, p.seen_at, p.knows, p.version, CASE WHEN l.plane_id = p.id AND l.until >= m.seen_at THEN 1 ELSE 0 END AS leads
          FROM planes p CROSS JOIN leadership l CROSS JOIN (SELECT MAX(seen_at) AS seen_at FROM planes) m
         WHERE p.seen_at > m.seen_at - @gone ORDER BY p.started_at, p.id
        """, new { gone = (long)GoneAfter.TotalMilliseconds }), ct)];

    public static async Task<bool> IsAloneAsync(Store store, CancellationToken ct) => (await ListAsync(store, ct)).All(p => p.Id == store.PlaneId);

    /// <summary>Who was seen before this time is not there.</summary>
    public static long Alive(StoreTransaction tx) => tx.Now - (long)GoneAfter.TotalMilliseconds;
}
