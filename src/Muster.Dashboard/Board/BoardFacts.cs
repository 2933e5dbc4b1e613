using Muster.Contracts;
using Muster.Contracts.Progress;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Board;

/// <summary>A column: tasks of one state, a page of them, and how many there are in all where that is known.</summary>
public sealed record BoardColumn(string State, string Name, IReadOnlyList<TaskInfo> Tasks, int? All, string? Next);

/// <summary>The board as its address asks for it. However many tasks there are, one page of each column is read.</summary>
public sealed record BoardFacts
{
    /// <summary>Cards of a column at once.</summary>
    private const int Most = 30;

    private static readonly (string State, string Name, string Order)[] Columns =
    [
        (TaskState.Pending, "Pending", "priority"),
        (TaskState.InProgress, "In progress", "priority"),
        (TaskState.Review, "Review", "recent"),
        (TaskState.Done, "Done", "ended"),
    ];

    private static readonly (string State, string Name, string Order)[] Ends =
    [
        (TaskState.Failed, "Failed", "ended"),
        (TaskState.Quarantined, "Quarantined", "ended"),
        (TaskState.Cancelled, "Cancelled", "ended"),
    ];

    public static IReadOnlyList<string> Filters { get; } = ["project", "role", "agent", "label", "epic", "q", "state"];

    public required IReadOnlyList<BoardColumn> Shown { get; init; }
    public required IReadOnlyList<ProjectProgress> Projects { get; init; }
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>What the address asks for, by name.</summary>
    public required IReadOnlyDictionary<string, string> Filter { get; init; }

    public string? Only => Filter.GetValueOrDefault("state");

    public static async Task<BoardFacts> ReadAsync(PageContext page)
    {
        var filter = Filters.Select(name => (Name: name, Value: page.Asked(name))).Where(f => f.Value is not null).ToDictionary(f => f.Name, f => f.Value!, StringComparer.Ordinal);
        if (filter.TryGetValue("state", out var state) && !TaskState.All.Contains(state)) filter.Remove("state");
        var only = filter.GetValueOrDefault("state");
        var summary = page.Muster.GetProgressSummaryAsync();
        var roles = page.Muster.ListRolesAsync();
        var wanted = Columns.Concat(Ends).Where(c => only is null || c.State == only);
        var pages = wanted.Select(c => (Column: c, Tasks: ListAsync(page, filter, c.State, c.Order, only is null ? Most : Most * 3, only is null ? null : page.Asked("after")))).ToList();
        var projects = (await summary).Projects;
        List<BoardColumn> shown = [];
        foreach (var (column, tasks) in pages)
        {
            var list = await tasks;
            // The other ends of the road are shown where something lies there.
            if (only is null && list.Items.Count == 0 && Ends.Contains(column)) continue;
            shown.Add(new BoardColumn(column.State, column.Name, list.Items, Count(projects, filter, column.State), list.Next));
        }

        return new BoardFacts
        {
            Shown = shown,
            Projects = projects,
            Filter = filter,
            Roles = [.. (await roles).Roles.Select(r => r.Name).Order(StringComparer.Ordinal)],
        };
    }

    private static Task<Page<TaskInfo>> ListAsync(PageContext page, Dictionary<string, string> filter, string state, string order, int limit, string? cursor) => page.Muster.ListTasksAsync(
        filter.GetValueOrDefault("project"), state, int.TryParse(filter.GetValueOrDefault("epic"), out var epic) ? epic : null, filter.GetValueOrDefault("label"),
        filter.GetValueOrDefault("role"), filter.GetValueOrDefault("agent"), filter.GetValueOrDefault("q"), cursor, limit, order: order);

    /// <summary>Known without counting where nothing but the project narrows it down.</summary>
    private static int? Count(IReadOnlyList<ProjectProgress> projects, Dictionary<string, string> filter, string state) =>
        filter.Keys.Any(k => k is not ("project" or "state")) ? null
        : projects.Where(p => !filter.TryGetValue("project", out var key) || string.Equals(p.Project, key, StringComparison.OrdinalIgnoreCase)).Sum(p => p.ByStatus.GetValueOrDefault(state));
}
