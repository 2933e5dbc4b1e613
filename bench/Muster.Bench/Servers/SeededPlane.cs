namespace Muster.Bench.Servers;

/// <summary>A plane on a store of its own with so many ready tasks.</summary>
internal static class SeededPlane
{
    public static async Task<Plane> StartAsync(Session session, int tasks, Postgres? postgres = null)
    {
        var folder = session.NewFolder("plane");
        var store = await Seed.FillAsync(folder, postgres, tasks, session.Stop);
        return await Plane.StartAsync(folder, store, session.Stop);
    }
}
