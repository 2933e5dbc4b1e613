using Microsoft.Extensions.Logging.Abstractions;
using Muster.ControlPlane.Progress;

namespace Muster.Bench.Servers;

/// <summary>Fills a store with what two years leave behind: tasks that are done, each with an attempt and a merged pull request, and 2,000 that wait.</summary>
internal static class Years
{
    public const string Agent = "bench-1";

    private const int Agents = 20;
    private const int Waiting = 2_000;
    private const long Span = 2L * 365 * 86_400_000;

    /// <summary>Gives the address for <c>muster serve --store</c>, null for the embedded one.</summary>
    public static Task<string?> FillAsync(string folder, Postgres? postgres, int done, CancellationToken ct) => Seed.InChildAsync("seed-years", folder, postgres, done, ct);

    /// <summary>What the child runs.</summary>
    public static async Task<int> RunAsync(string folder, int done, string? address)
    {
        await using var store = await Seed.OpenAsync(folder, address);
        await Seed.FillAsync(store, Waiting, CancellationToken.None);
        await store.WriteAsync(tx => tx.Execute(
            """
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @Agents)
            INSERT INTO agents (id, name, desired, health, created_at, updated_at)
            SELECT '01999999-1111-7000-8000-' || CAST(100000000000 + n.i AS TEXT), 'bench-' || n.i, 'running', 'offline', @Now - @Span, @Now FROM n
            """, new { Agents, Span, tx.Now }));
        for (var made = 0; made < done; made += Seed.Piece)
        {
            var piece = new { made, count = Math.Min(Seed.Piece, done - made), Agents, Waiting, step = Span / done };
            foreach (var part in Parts) await store.WriteAsync(tx => tx.Execute(part, new { piece.made, piece.count, piece.Agents, piece.Waiting, piece.step, began = tx.Now - Span, tx.Now }));
        }

        await store.WriteAsync(tx => tx.Execute("UPDATE projects SET next_task = next_task + @done, next_pull = next_pull + @done, created_at = @Now - @Span", new { done, tx.Now, Span }));
        // As a server does by itself in its time, and a plane that serves it.
        if (address is not null) await store.WriteAsync(tx => tx.Execute("ANALYZE tasks, assignments, pulls"));
        await new DoneCounter(store, TimeProvider.System, NullLogger<DoneCounter>.Instance).RunAsync(CancellationToken.None);
        return 0;
    }

    private static readonly string[] Parts =
    [
        """
        WITH RECURSIVE n (i) AS (SELECT @made + 1 UNION ALL SELECT i + 1 FROM n WHERE i < @made + @count)
        INSERT INTO tasks (id, project_id, number, title, description, labels, priority, previous_status, status, percent_complete, estimate_minutes, branch, head_sha, contract,
                           ready, epoch, agent_id, created_at, updated_at, started_at, completed_at)
        SELECT '01999999-2222-7000-8000-' || CAST(100000000000 + n.i AS TEXT), p.id, @Waiting + n.i, 'A piece of work that was done: ' || n.i, 'What was to be done, and how one sees that it was.', '[]', 3, 'review',
               'done', 100, 60, 'agent/' || n.i, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', 'test', 0, 1, '01999999-1111-7000-8000-' || CAST(100000000001 + n.i % @Agents AS TEXT),
               @began + (n.i - 1) * @step, @began + (n.i - 1) * @step + 600000, @began + (n.i - 1) * @step, @began + (n.i - 1) * @step + 600000
          FROM n CROSS JOIN projects p
        """,
        """
        INSERT INTO assignments (id, task_id, agent_id, epoch, status, percent_complete, head_sha, summary, lease_until, started_at, ended_at)
        SELECT '01999999-3333' || SUBSTR(t.id, 14), t.id, t.agent_id, 1, 'completed', 100, t.head_sha, 'As asked', t.completed_at, t.started_at, t.completed_at
          FROM tasks t WHERE t.number > @Waiting + @made AND t.number <= @Waiting + @made + @count
        """,
        """
        INSERT INTO pulls (id, project_id, number, task_id, title, branch, base, head_sha, state, author, needs_approval, merge_sha, created_at, updated_at, merged_at)
        SELECT '01999999-4444' || SUBSTR(t.id, 14), t.project_id, t.number, t.id, t.title, t.branch, 'main', t.head_sha, 'merged', 'bench-1', 0, t.head_sha, t.created_at, t.completed_at, t.completed_at
          FROM tasks t WHERE t.number > @Waiting + @made AND t.number <= @Waiting + @made + @count
        """,
    ];
}
