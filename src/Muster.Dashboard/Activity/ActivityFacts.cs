using System.Text.Json;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Activity;

/// <summary>The event log, the newest first, as the address asks for it.</summary>
public sealed record ActivityFacts
{
    private const int Most = 100;

    /// <summary>Groups that can be asked for, and how they are called.</summary>
    public static IReadOnlyList<(string Group, string Name)> Groups { get; } =
    [
        ("task", "Tasks"), ("pull", "Pull requests"), ("check", "Checks"), ("evidence", "Evidence"), ("deployment", "Deployments"), ("goal", "Goals"),
        ("agent", "Agents"), ("host", "Hosts"), ("project", "Projects"), ("epic", "Epics"), ("budget", "Budgets"), ("token", "Tokens"), ("store", "Store"),
    ];

    public required Page<EventInfo> Events { get; init; }
    public required IReadOnlyList<ProjectInfo> Projects { get; init; }

    /// <summary>Keys of tasks by their ids, as far as events name them.</summary>
    public required IReadOnlyDictionary<string, string> Keys { get; init; }

    public static async Task<ActivityFacts> ReadAsync(PageContext page)
    {
        var group = page.Asked("group");
        var filter = new EventFilter
        {
            Types = Groups.Any(g => g.Group == group) ? [group + ".*"] : null,
            Project = page.Asked("project"),
            Task = page.Asked("task")?.ToUpperInvariant(),
        };
        var projects = page.Muster.ListProjectsAsync(limit: 200);
        var events = await page.Muster.ListNewestEventsAsync(filter, page.Asked("before"), Most);
        return new ActivityFacts { Events = events, Projects = (await projects).Items, Keys = Found(events.Items) };
    }

    private static Dictionary<string, string> Found(IReadOnlyList<EventInfo> events)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in events)
        {
            if (one is { TaskId: { } id, Data: { ValueKind: JsonValueKind.Object } data } && data.TryGetProperty("key", out var key) && key.ValueKind == JsonValueKind.String) keys[id] = key.GetString()!;
        }

        return keys;
    }
}
