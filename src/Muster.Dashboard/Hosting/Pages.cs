using Microsoft.AspNetCore.Routing.Template;
using Muster.Contracts.Events;
using Muster.Dashboard.Activity;
using Muster.Dashboard.Agents;
using Muster.Dashboard.Board;
using Muster.Dashboard.Chat;
using Muster.Dashboard.Costs;
using Muster.Dashboard.Find;
using Muster.Dashboard.Health;
using Muster.Dashboard.Kit;
using Muster.Dashboard.Plan;
using Muster.Dashboard.Reviews;
using Muster.Dashboard.Settings;
using Muster.Dashboard.Tasks;
using Muster.Dashboard.Today;
using Muster.Dashboard.Tools;
using Muster.Dashboard.Transcripts;

namespace Muster.Dashboard.Hosting;

/// <summary>A page: where it is, what draws it, and which events change it.</summary>
/// <param name="Pattern">Path with placeholders.</param>
/// <param name="Component">Draws the whole document, from its parameter <c>Facts</c>.</param>
/// <param name="Read">Reads what it draws.</param>
/// <param name="Events">Groups of events after which it is drawn anew; none for a page that does not change by itself.</param>
internal sealed record PageRoute(string Pattern, Type Component, Func<PageContext, Task<object>> Read, params string[] Events)
{
    /// <summary>Events of what is said with the Chief of Staff.</summary>
    public static IReadOnlyList<string> Talk { get; } = ["conversation.*", "goal.*"];

    /// <summary>Events after which more or less waits for a person: the title says how much.</summary>
    public static IReadOnlyList<string> Asks { get; } =
    [
        "goal.*", "pull.*", "tool.*", "deployment.*", "epic.*", EventTypes.TaskFailed, EventTypes.TaskQuarantined, EventTypes.TaskRetried, EventTypes.TaskCancelled, EventTypes.TaskDeleted, EventTypes.TaskHeld, EventTypes.TaskReady,
    ];

    private readonly TemplateMatcher _matcher = new(TemplateParser.Parse(Pattern.TrimStart('/')), []);

    /// <summary>Seconds after which it is drawn anew although nothing was told: for how old a heartbeat is.</summary>
    public int? Every { get; init; }

    /// <summary>Whether only events of the task it shows concern it.</summary>
    public bool Own { get; init; }

    /// <summary>Whether nothing that happens changes more than its title.</summary>
    public bool Still { get; init; }

    public RouteValueDictionary? Match(string path)
    {
        var values = new RouteValueDictionary();
        return _matcher.TryMatch(new PathString(path), values) ? values : null;
    }
}

/// <summary>Every page there is.</summary>
internal static class Pages
{
    public static IReadOnlyList<PageRoute> All { get; } =
    [
        new("/", typeof(TodayPage), async page => await TodayFacts.ReadAsync(page), "task.*", "pull.*", "goal.*", "agent.*", "host.*", "check.*", "deployment.*", "budget.*", "models.*", "epic.*", "project.*", "plan.*", "tool.*") { Every = 20 },
        new("/board", typeof(BoardPage), async page => await BoardFacts.ReadAsync(page), "task.*", "epic.*", "project.*", "plan.*", "agent.*", "check.*", "pull.*"),
        new("/plan", typeof(PlanPage), async page => await PlanFacts.ReadAsync(page), "task.*", "epic.*", "plan.*", "project.*"),
        new("/plan/{project}", typeof(PlanPage), async page => await PlanFacts.ReadAsync(page), "task.*", "epic.*", "plan.*", "project.*"),
        new("/plan/{project}/import", typeof(ImportPage), async page => await ImportFacts.ReadAsync(page)),
        new("/agents", typeof(FleetPage), async page => await FleetFacts.ReadAsync(page), "agent.*", "host.*", "task.*") { Every = 10 },
        new("/agents/{name}", typeof(AgentPage), async page => await AgentFacts.ReadAsync(page), "agent.*", "task.*") { Every = 10 },
        new("/chat", typeof(ChatPage), async page => await ChatsFacts.ReadAsync(page), "conversation.*"),
        new("/chat/{id}", typeof(ChatPage), async page => await ChatsFacts.ReadAsync(page), "conversation.*", "goal.*", "task.*"),
        new("/find", typeof(FindPage), async page => await FindFacts.ReadAsync(page)) { Still = true },
        new("/shortcuts", typeof(ShortcutsPage), page => Task.FromResult<object>(page)) { Still = true },
        new("/costs", typeof(CostsPage), async page => await CostFacts.ReadAsync(page), "budget.*", "models.*") { Every = 15 },
        new("/activity", typeof(ActivityPage), async page => await ActivityFacts.ReadAsync(page)),
        new("/tasks/{key}", typeof(TaskPage), async page => await TaskFacts.ReadAsync(page), "task.*", "pull.*", "check.*", "evidence.*", "artifact.*", "deployment.*") { Own = true, Every = 5 },
        new("/tasks/{key}/transcripts/{id}", typeof(TranscriptPage), async page => await TranscriptFacts.ReadAsync(page)),
        new("/reviews", typeof(ReviewsPage), async page => await ReviewsFacts.ReadAsync(page), "pull.*", "check.*", "epic.*"),
        new("/reviews/{project}/{number}", typeof(ReviewPage), async page => await ReviewFacts.ReadAsync(page), "pull.*", "check.*", "evidence.*", "evaluation.*", "deployment.*"),
        new("/reviews/{project}/{number}/diff", typeof(DiffPart), async page => await ReviewFacts.ReadAsync(page)),
        new("/tools", typeof(ToolsPage), async page => await ToolsFacts.ReadAsync(page), "tool.*"),
        new("/tools/{name}", typeof(ToolPage), async page => await ToolFacts.ReadAsync(page), "tool.*"),
        new("/engine", typeof(HealthPage), async page => await HealthFacts.ReadAsync(page), "host.*", "models.*", "agent.*") { Every = 10 },
        new("/kit", typeof(KitPage), KitPage.ReadAsync) { Still = true },
        new("/settings", typeof(SettingsPage), async page => await page.Muster.GetPreferencesAsync()) { Still = true },
        new("/settings/projects", typeof(ProjectsPage), async page => (await page.Muster.ListProjectsAsync(limit: 500)).Items) { Still = true },
        new("/settings/projects/{key}", typeof(ProjectPage), async page => await page.Muster.GetProjectAsync(page.Value("key")!)) { Still = true },
        new("/settings/roles", typeof(RolesPage), async page => await page.Muster.ListRolesAsync()) { Still = true },
        new("/settings/roles/{name}", typeof(RolePage), async page => await RoleFacts.ReadAsync(page)) { Still = true },
        new("/settings/models", typeof(ModelsPage), async page => await page.Muster.GetModelsAsync()) { Still = true },
        new("/settings/budgets", typeof(BudgetsPage), async page => (await page.Muster.ListBudgetsAsync(limit: 500)).Items) { Still = true },
        new("/settings/people", typeof(PeoplePage), async page => await page.Muster.ListTokensAsync()) { Still = true },
        new("/settings/files", typeof(FilesPage), async page => await SecretsFacts.ReadAsync(page)) { Still = true },
    ];

    public static (PageRoute Page, RouteValueDictionary Values)? Find(string path)
    {
        foreach (var page in All)
            if (page.Match(path) is { } values) return (page, values);
        return null;
    }
}
