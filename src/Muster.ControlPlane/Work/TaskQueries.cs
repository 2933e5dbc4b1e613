using Dapper;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>How tasks are found. A task is named by its id or its key.</summary>
public static class TaskQueries
{
    public const string Select =
        """
        SELECT t.*, p.key AS project_key, p.paused AS project_paused, e.number AS epic_number, a.name AS agent_name
          FROM tasks t JOIN projects p ON p.id = t.project_id
          LEFT JOIN epics e ON e.id = t.epic_id LEFT JOIN agents a ON a.id = t.agent_id
        """;

    public const string ById = Select + " WHERE t.id = @id";
    public const string ByKey = Select + " WHERE p.key = @project AND t.number = @number";

    public static TaskRow Get(StoreTransaction tx, string idOrKey) =>
        Find(tx, idOrKey) ?? throw Refusal.NotFound("task", idOrKey);

    public static TaskRow? Find(StoreTransaction tx, string idOrKey)
    {
        var (sql, args) = Lookup(idOrKey);
        return sql is null ? null : tx.QueryFirst<TaskRow>(sql, args);
    }

    public static async Task<TaskRow> GetAsync(Store store, string idOrKey, CancellationToken ct)
    {
        var (sql, args) = Lookup(idOrKey);
        var row = sql is null ? null : await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<TaskRow>(sql, args), ct);
        return row ?? throw Refusal.NotFound("task", idOrKey);
    }

    /// <summary>The query for what somebody called a task; null when it cannot be one.</summary>
    public static (string? Sql, object? Args) Lookup(string idOrKey)
    {
        if (Ids.IsId(idOrKey)) return (ById, new { id = idOrKey.ToLowerInvariant() });
        var dash = idOrKey.LastIndexOf('-');
        if (dash <= 0 || !int.TryParse(idOrKey.AsSpan(dash + 1), out var number)) return (null, null);
        return (ByKey, new { project = idOrKey[..dash].ToUpperInvariant(), number });
    }
}
