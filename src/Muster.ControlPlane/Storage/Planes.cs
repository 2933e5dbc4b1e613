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

    /// <summary>Who was seen before this time is not there.</summary>
    public static long Alive(StoreTransaction tx) => tx.Now - (long)GoneAfter.TotalMilliseconds;
}
