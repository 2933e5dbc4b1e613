using System.Data;
using Dapper;

namespace Muster.ControlPlane.Work;

/// <summary>
/// A page of a list of tasks, and how it is read among a million. Which tasks stand on it is decided by their ids, and only those are
/// read whole.
/// </summary>
/// <param name="order">In which order.</param>
/// <param name="project">Id or key of the only project; null for all.</param>
/// <param name="cursor">Where the page before ended.</param>
/// <param name="limit">So many; one more is read, to know whether there is another page.</param>
internal sealed class Wanted(TaskOrder order, string? project, string? cursor, int limit)
{
    private readonly TaskOrder.Place _after = order.After(cursor);
    private readonly List<string> _asked = order.Only is { } only ? [only] : [];
    private readonly DynamicParameters _given = new(new { limit = limit + 1 });

    public TaskOrder Order => order;

    public int Limit => limit;

    /// <summary>Whether an index finds them all, and they are few: then they are sorted, whatever the order.</summary>
    public bool AreFew { get; set; }

    /// <summary>Adds a condition, when its value is not null.</summary>
    public void Ask(string? value, string condition, params ReadOnlySpan<(string Name, object? Value)> given)
    {
        if (value is null) return;
        _asked.Add(condition);
        foreach (var (name, its) in given) _given.Add(name, its);
    }

    public async Task<List<TaskRow>> RowsAsync(IDbConnection c)
    {
        var projects = project is null ? null
            : (await c.QueryAsync<(string Id, string Key)>("SELECT id, key FROM projects WHERE id = @id OR key = @key", new { id = project.ToLowerInvariant(), key = project.ToUpperInvariant() })).AsList();
        if (order == TaskOrder.ByKey && !AreFew) return await ByKeyAsync(c, projects);
        if (projects is not null) Ask("", "t.project_id = @inProject", ("inProject", projects.Count == 0 ? "" : projects[0].Id));
        if (cursor is not null) Ask("", order.Behind, ("Value", _after.Value), ("Key", _after.Key), ("Number", _after.Number));
        return await RowsAsync(c, order.Sql, _asked);
    }

    /// <summary>Project by project: in the order of their numbers an index has the tasks of one, and in the order of their keys none has those of all.</summary>
    private async Task<List<TaskRow>> ByKeyAsync(IDbConnection c, List<(string Id, string Key)>? projects)
    {
        projects ??= (await c.QueryAsync<(string Id, string Key)>("SELECT id, key FROM projects ORDER BY key")).AsList();
        List<string> asked = [.. _asked, "t.project_id = @inProject", "t.number > @behind"];
        List<TaskRow> rows = [];
        foreach (var (id, key) in projects.Where(p => string.CompareOrdinal(p.Key, _after.Key) >= 0))
        {
            _given.Add("inProject", id);
            _given.Add("behind", key == _after.Key ? _after.Number : 0);
            rows.AddRange(await RowsAsync(c, " ORDER BY t.number", asked));
            if (rows.Count > limit) break;
        }

        return rows;
    }

    private async Task<List<TaskRow>> RowsAsync(IDbConnection c, string sorted, List<string> asked)
    {
        var where = asked.Count == 0 ? "" : " WHERE " + string.Join(" AND ", asked);
        return (await c.QueryAsync<TaskRow>($"{TaskQueries.Select} WHERE t.id IN (SELECT t.id FROM tasks t JOIN projects p ON p.id = t.project_id{where}{sorted} LIMIT @limit){sorted}", _given)).AsList();
    }
}
