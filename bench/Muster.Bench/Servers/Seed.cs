using Microsoft.Extensions.Logging.Abstractions;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;
using Muster.Integrations.Sqlite;

namespace Muster.Bench.Servers;

/// <summary>Fills a store with ready tasks by the plane's own operation, before a plane opens it.</summary>
internal static class Seed
{
    private const int Batch = 2000;

    /// <summary>Makes a store with so many ready tasks; gives the address for `muster serve --store`, null for the embedded one.</summary>
    public static async Task<string?> FillAsync(string folder, Postgres? postgres, int tasks, CancellationToken ct)
    {
        if (postgres is not null) throw new MissingToolException("This build of Muster has no PostgreSQL store.");
        await using var store = SqliteStore.Open(folder, TimeProvider.System, NullLogger.Instance);
        await FillAsync(store, tasks, ct);
        return null;
    }

    private static async Task FillAsync(Store store, int tasks, CancellationToken ct)
    {
        await store.WriteAsync(tx => tx.ExecuteOne(
            """
            INSERT INTO projects (id, key, name, target_branch, lease_seconds, max_failures, contract, review, created_at, updated_at)
            VALUES (@id, 'BEN', 'bench', 'main', 60, 3, '', 'auto', @Now, @Now)
            """, new { id = Ids.New(), tx.Now }), ct);
        for (var made = 0; made < tasks; made += Batch)
        {
            var count = Math.Min(Batch, tasks - made);
            await store.WriteAsync(tx =>
            {
                for (var i = 0; i < count; i++) AddTask.Run(tx, new CreateTask { Project = "BEN", Title = "bench task" });
            }, ct);
        }
    }
}
