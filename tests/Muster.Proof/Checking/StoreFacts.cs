using System.Data;
using System.Text.Json;
using Dapper;
using Muster.ControlPlane.Storage;

namespace Muster.Proof.Checking;

/// <summary>All that the checker looks at in a store, read in one go.</summary>
public sealed record StoreFacts(
    IReadOnlyList<TaskFacts> Tasks,
    IReadOnlyList<AssignmentFacts> Assignments,
    IReadOnlyList<EventFacts> Events,
    IReadOnlyList<(string Task, string On)> Edges,
    IReadOnlyList<(string Of, long Kept, long Counted)> Counters,
    IReadOnlyDictionary<string, int> Effects,
    IReadOnlyList<string> Damage)
{
    /// <summary>Reads a store that nobody writes to.</summary>
    public static Task<StoreFacts> ReadAsync(Store store, bool checkPages = true) => store.ReadAsync(connection => Task.FromResult(Read(connection, checkPages)));

    private static StoreFacts Read(IDbConnection c, bool checkPages)
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        var effects = c.Query<(string Reference, long Count)>(
            """
            SELECT reference, COUNT(*) FROM evidence GROUP BY reference
            UNION ALL SELECT text, COUNT(*) FROM task_updates WHERE kind = 'comment' GROUP BY text
            UNION ALL SELECT title, COUNT(*) FROM tasks GROUP BY title
            """);
        var damage = checkPages && c.GetType().Name.Contains("Sqlite", StringComparison.Ordinal)
            ? c.Query<string>("PRAGMA integrity_check").Where(line => line != "ok").Concat(c.Query("PRAGMA foreign_key_check").Select(row => $"foreign key: {row}")).ToList()
            : [];
        return new StoreFacts(
            c.Query<TaskFacts>("SELECT id, number, status, epoch, assignment_id, open_dependencies, gated, not_before, ready, priority FROM tasks ORDER BY number").AsList(),
            c.Query<AssignmentFacts>("SELECT s.id, s.task_id, s.epoch, s.status, a.name AS agent FROM assignments s JOIN agents a ON a.id = s.agent_id ORDER BY s.task_id, s.epoch").AsList(),
            c.Query<EventFacts>("SELECT seq, id, type, task_id, data FROM events ORDER BY seq").AsList(),
            c.Query<(string, string)>("SELECT task_id, depends_on FROM edges").AsList(),
            c.Query<(string, long, long)>(
                """
                SELECT id, tasks, (SELECT COUNT(*) FROM tasks t WHERE t.epic_id = e.id AND t.status <> 'cancelled') FROM epics e
                UNION ALL SELECT id, tasks_done, (SELECT COUNT(*) FROM tasks t WHERE t.epic_id = e.id AND t.status = 'done') FROM epics e
                """).AsList(),
            effects.GroupBy(e => e.Reference, StringComparer.Ordinal).ToDictionary(g => g.Key, g => (int)g.Sum(e => e.Count), StringComparer.Ordinal),
            damage);
    }
}

public sealed record TaskFacts
{
    public string Id { get; init; } = "";
    public int Number { get; init; }
    public string Status { get; init; } = "";
    public int Epoch { get; init; }
    public string? AssignmentId { get; init; }
    public int OpenDependencies { get; init; }
    public bool Gated { get; init; }
    public long? NotBefore { get; init; }
    public bool Ready { get; init; }
    public int Priority { get; init; }
}

public sealed record AssignmentFacts
{
    public string Id { get; init; } = "";
    public string TaskId { get; init; } = "";
    public int Epoch { get; init; }
    public string Status { get; init; } = "";
    public string Agent { get; init; } = "";
}

public sealed record EventFacts
{
    public long Seq { get; init; }
    public string Id { get; init; } = "";
    public string Type { get; init; } = "";
    public string? TaskId { get; init; }
    public string? Data { get; init; }

    /// <summary>The epoch that the event names; null when it names none.</summary>
    public int? Epoch => (_epoch ??= new Lazy<int?>(ReadEpoch)).Value;

    private Lazy<int?>? _epoch;

    private int? ReadEpoch()
    {
        if (Data is null) return null;
        using var data = JsonDocument.Parse(Data);
        return data.RootElement.ValueKind == JsonValueKind.Object && data.RootElement.TryGetProperty("epoch", out var epoch) ? epoch.GetInt32() : null;
    }
}
