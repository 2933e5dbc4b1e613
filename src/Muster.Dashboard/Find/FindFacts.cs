using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Find;

/// <summary>Something to go to or to do.</summary>
/// <param name="Name">What is found.</param>
/// <param name="Path">Where it leads.</param>
/// <param name="Icon">One of the kit's.</param>
/// <param name="Note">What tells it from others.</param>
/// <param name="Press">A control of the page that does it instead, as a selector; needs a script.</param>
public sealed record Found(string Name, string Path, string Icon, string? Note = null, string? Press = null);

public sealed record FoundGroup(string Name, IReadOnlyList<Found> Items);

/// <summary>What fits some words: pages and actions by name, everything else as the API finds it.</summary>
public sealed record FindFacts(string Asked, IReadOnlyList<FoundGroup> Groups)
{
    private const int Most = 8;

    public int Count => Groups.Sum(g => g.Items.Count);

    public static async Task<FindFacts> ReadAsync(PageContext page)
    {
        var asked = page.Asked("q") ?? "";
        var pages = Navigation.Daily.Concat(Navigation.Rest).Select(p => new Found(p.Name, p.Path, p.Icon, "g " + p.Key));
        List<FoundGroup> groups = asked.Length == 0 ? [] : [.. await ThingsAsync(page, asked)];
        groups.Add(new("Pages", [.. pages.Where(p => Fits(p.Name, asked))]));
        groups.Add(new("Actions", [.. Actions(page).Where(a => Fits(a.Name, asked))]));
        if (asked.Length > 0 && page.MaySteer) groups.Add(new("Chief of Staff", [new($"Say: {asked}", "/chat?say=" + Uri.EscapeDataString(asked), "comment")]));
        return new FindFacts(asked, [.. groups.Where(g => g.Items.Count > 0)]);
    }

    private static async Task<IEnumerable<FoundGroup>> ThingsAsync(PageContext page, string asked)
    {
        var tasks = page.Muster.ListTasksAsync(search: asked, limit: Most);
        var agents = page.Muster.ListAgentsAsync(limit: 500);
        var projects = page.Muster.ListProjectsAsync(limit: 500);
        var pulls = page.Muster.ListPullsAsync(limit: 100);
        var chats = page.Muster.ListConversationsAsync(limit: 100);
        return
        [
            new("Tasks", [.. (await tasks).Items.Select(t => new Found(t.Title, "/tasks/" + t.Key, "board", $"{t.Key} · {Kit.Words.Spoken(t.Status)}"))]),
            new("Agents", [.. (await agents).Items.Where(a => Fits(a.Name, asked)).Take(Most).Select(a => new Found(a.Name, "/agents/" + Uri.EscapeDataString(a.Name), "agents", a.Role))]),
            new("Projects", [.. (await projects).Items.Where(p => Fits(p.Name, asked) || Fits(p.Key, asked)).Take(Most).Select(p => new Found(p.Name, "/plan/" + p.Key, "plan", p.Key))]),
            new("Reviews", [.. (await pulls).Items.Where(p => Fits(p.Title, asked)).Take(Most).Select(p => new Found(p.Title, $"/reviews/{p.Project}/{p.Number}", "review", $"{p.Project}!{p.Number} · {Kit.Words.Spoken(p.State)}"))]),
            new("Conversations", [.. (await chats).Items.Where(c => Fits(c.Title, asked)).Take(Most).Select(c => new Found(c.Title, "/chat/" + c.Id, "comment", c.Goal))]),
        ];
    }

    private static IEnumerable<Found> Actions(PageContext page)
    {
        if (page.MaySteer) yield return new("Say what you want", "/chat", "comment");
        if (page.MaySteer) yield return new("Add a project", "/settings/projects#add", "plus");
        if (page.MaySteer) yield return new("Add a budget", "/settings/budgets#add", "plus");
        if (page.Owns) yield return new("Let somebody in", "/settings/people#add", "plus");
        yield return new("Theme: as the system", "", "screen", Press: "#theme [value=system]");
        yield return new("Theme: light", "", "sun", Press: "#theme [value=light]");
        yield return new("Theme: dark", "", "moon", Press: "#theme [value=dark]");
        yield return new("Keyboard shortcuts", "/shortcuts", "keyboard", "?");
        yield return new("Sign out", "", "out", Press: "#sign-out button");
    }

    private static bool Fits(string? name, string asked) => asked.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(word => name?.Contains(word, StringComparison.OrdinalIgnoreCase) == true);
}
