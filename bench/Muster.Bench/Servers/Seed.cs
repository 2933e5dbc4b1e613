using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;

namespace Muster.Bench.Servers;

/// <summary>
/// Fills a store with ready tasks before a plane opens it. The first is added by the plane's own operation; the others are
/// copies of its row, because a million additions would take longer than everything measured on them.
/// </summary>
internal static class Seed
{
    public const string Project = "BEN";

    /// <summary>Rows of one statement.</summary>
    internal const int Piece = 50_000;

    /// <summary>Makes a store with so many ready tasks; gives the address for <c>muster serve --store</c>, null for the embedded one.</summary>
    public static Task<string?> FillAsync(string folder, Postgres? postgres, int tasks, CancellationToken ct) => InChildAsync("seed", folder, postgres, tasks, ct);

    /// <summary>Fills a new store in a child; gives its address.</summary>
    internal static async Task<string?> InChildAsync(string command, string folder, Postgres? postgres, int tasks, CancellationToken ct)
    {
        var address = postgres?.Address(await postgres.NewDatabaseAsync(ct));
        await Child.RunAsync("dotnet", [typeof(Seed).Assembly.Location, command, folder, $"{tasks}", .. address is null ? (string[])[] : [address]], ct);
        return address;
    }

    /// <summary>What the child runs: a process of its own, so that this one's memory and way with sockets play no part.</summary>
    public static async Task<int> RunAsync(string folder, int tasks, string? address)
    {
        await using var store = await OpenAsync(folder, address);
        await FillAsync(store, tasks, CancellationToken.None);
        return 0;
    }

    internal static async Task<Store> OpenAsync(string folder, string? address) => address is null
        ? SqliteStore.Open(folder, TimeProvider.System, NullLogger.Instance)
        : await PostgresStore.OpenAsync(PostgresAddress.Parse(address), TimeProvider.System, NullLogger.Instance);

    internal static async Task FillAsync(Store store, int tasks, CancellationToken ct)
    {
        var columns = await store.ReadAsync(async c =>
        {
            using var reader = await c.ExecuteReaderAsync("SELECT * FROM tasks WHERE 1 = 0");
            return Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToList();
        }, ct);
        await store.WriteAsync(tx =>
        {
            tx.ExecuteOne(
                """
                INSERT INTO projects (id, key, name, target_branch, lease_seconds, max_failures, contract, review, created_at, updated_at)
                VALUES (@id, @Project, 'bench', 'main', 60, 3, '', 'auto', @Now, @Now)
                """, new { id = Ids.New(), Project, tx.Now });
            AddTask.Run(tx, new CreateTask { Project = Project, Title = "bench task" });
        }, ct);
        var values = columns.Select(c => c switch
        {
            "id" => "'01999999-0000-7000-8000-' || CAST(100000000000 + @made + n.i AS TEXT)",
            "number" => "1 + @made + n.i",
            _ => $"t.{c}",
        });
        var copy =
            $"""
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @count)
            INSERT INTO tasks ({string.Join(", ", columns)}) SELECT {string.Join(", ", values)} FROM tasks t CROSS JOIN n WHERE t.number = 1
            """;
        // In pieces, each well within the limit that the store sets a statement.
        for (var made = 0; made < tasks - 1; made += Piece)
        {
            var count = Math.Min(Piece, tasks - 1 - made);
            await store.WriteAsync(tx =>
            {
                tx.Execute(copy, new { made, count });
                tx.ExecuteOne("UPDATE projects SET next_task = next_task + @count", new { count });
            }, ct);
        }
    }
}
