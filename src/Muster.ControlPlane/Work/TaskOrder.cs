using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Work;

/// <summary>In which order tasks are listed. A cursor names the last task seen: what it is ordered by, then its key.</summary>
public sealed class TaskOrder
{
    private readonly Func<TaskRow, long> _value;
    private readonly bool _keyAlone;

    private TaskOrder(string name, string sql, string behind, Func<TaskRow, long>? value)
    {
        (Name, Sql, Behind) = (name, sql, behind);
        (_value, _keyAlone) = (value ?? (_ => 0), value is null);
    }

    /// <summary>By project and number, as people see them.</summary>
    public static TaskOrder ByKey { get; } = new("key", " ORDER BY p.key, t.number", "(p.key > @Key OR (p.key = @Key AND t.number > @Number))", null);

    /// <summary>What changed last comes first.</summary>
    public static TaskOrder Recent { get; } = new("recent", " ORDER BY t.updated_at DESC, p.key, t.number",
        "(@Value IS NULL OR t.updated_at < @Value OR (t.updated_at = @Value AND (p.key > @Key OR (p.key = @Key AND t.number > @Number))))", r => r.UpdatedAt);

    /// <summary>What was over last comes first; what is not over is not in it.</summary>
    public static TaskOrder Ended { get; } = new("ended", " ORDER BY t.completed_at DESC, p.key, t.number",
        "(@Value IS NULL OR t.completed_at < @Value OR (t.completed_at = @Value AND (p.key > @Key OR (p.key = @Key AND t.number > @Number))))", r => r.CompletedAt ?? 0)
    {
        Only = "t.completed_at IS NOT NULL",
    };

    /// <summary>The most urgent first; of the same priority, by project, the oldest first, and number.</summary>
    public static TaskOrder Urgent { get; } = new("priority", " ORDER BY t.priority, t.project_id, t.number",
        """
        (@Value IS NULL OR t.priority > @Value OR (t.priority = @Value AND (t.project_id > (SELECT id FROM projects WHERE key = @Key) OR (p.key = @Key AND t.number > @Number))))
        """, r => r.Priority);

    public string Name { get; }

    public string Sql { get; }

    /// <summary>Which tasks it is an order of; null for all.</summary>
    public string? Only { get; private init; }

    /// <summary>The condition that a task comes behind the cursor, by the parameters of <see cref="Place"/>.</summary>
    public string Behind { get; }

    public static TaskOrder Named(string? name)
    {
        TaskOrder[] all = [ByKey, Recent, Ended, Urgent];
        return name is null ? ByKey : Array.Find(all, o => o.Name == name) ?? throw Refusal.Invalid("order", $"order is one of {string.Join(", ", all.Select(o => o.Name))}.");
    }

    public string Cursor(TaskRow last) => _keyAlone ? last.Key : $"{_value(last)}:{last.Key}";

    public Place After(string? cursor)
    {
        if (Paging.Decode(cursor) is not { } text) return new Place(null, "", 0);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var dash = text.LastIndexOf('-');
        return dash > colon && colon >= 0 != _keyAlone && int.TryParse(text.AsSpan(dash + 1), out var number) && (_keyAlone || long.TryParse(text.AsSpan(0, colon), out _))
            ? new Place(_keyAlone ? null : long.Parse(text.AsSpan(0, colon)), text[(colon + 1)..dash], number)
            : throw Refusal.Invalid("cursor", "Pass the value of 'next' from the page before, unchanged.");
    }

    public sealed record Place(long? Value, string Key, int Number);
}
