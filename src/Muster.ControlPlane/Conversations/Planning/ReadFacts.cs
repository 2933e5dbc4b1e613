using System.Text;
using Dapper;
using Microsoft.Extensions.Options;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations.Planning;

/// <summary>Looks before planning: projects, roles, agents, open tasks, and what the repository says of itself. Everything bounded.</summary>
internal sealed class ReadFacts(Store store, IRepositories repositories, RoleCatalog roles, IOptions<ChiefOptions> options)
{
    private const int Projects = 50;
    private const int Tasks = 60;
    private const int Files = 150;
    private const int FileText = 4000;
    private const int FileBytes = 256 * 1024;
    private static readonly string[] Guides = ["AGENTS.md", "CLAUDE.md", "README.md", "README"];

    public async Task<PlanFacts> PlanAsync(GoalRow goal, IReadOnlyList<TurnRow> turns, CancellationToken ct)
    {
        var projects = (await store.ReadAsync(c => c.QueryAsync<ProjectRow>(ProjectRow.Select + " ORDER BY updated_at DESC LIMIT @Projects", new { Projects }), ct)).AsList();
        var only = goal.ProjectId is null ? null : projects.Find(p => p.Id == goal.ProjectId)
            ?? await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ProjectRow>(ProjectRow.Select + " WHERE id = @ProjectId", new { goal.ProjectId }), ct);
        if (only is not null && projects.TrueForAll(p => p.Id != only.Id)) projects.Add(only);
        var agents = await store.ReadAsync(c => c.QueryAsync<(string? Role, int Agents)>(
            "SELECT role, SUM(capacity) FROM agents WHERE active = 1 AND desired = 'running' AND health IN ('healthy', 'warning') GROUP BY role"), ct);
        return new PlanFacts
        {
            Projects = projects,
            Roles = roles,
            Limits = options.Value,
            Only = only,
            Words = [goal.Request, goal.Repository ?? "", .. turns.Where(t => t.Author == Contracts.Conversations.TurnAuthors.Person).Select(t => t.Text)],
            BudgetUsd = goal.BudgetUsd,
            Agents = agents.AsList(),
        };
    }

    public async Task<IReadOnlyList<TurnRow>> TurnsAsync(string conversationId, int most, CancellationToken ct)
    {
        var rows = (await store.ReadAsync(c => c.QueryAsync<TurnRow>(TurnRow.Select + " WHERE t.conversation_id = @conversationId ORDER BY t.number DESC LIMIT @most", new { conversationId, most }), ct)).AsList();
        rows.Reverse();
        return rows;
    }

    /// <summary>Titles of what is planned in a project already, so that nothing is planned twice.</summary>
    public async Task<IReadOnlyList<string>> OpenTasksAsync(ProjectRow project, CancellationToken ct) => (await store.ReadAsync(c => c.QueryAsync<(int Number, string Title, string Status)>(
        "SELECT number, title, status FROM tasks WHERE project_id = @Id AND status IN ('pending', 'in_progress', 'review', 'failed', 'quarantined') ORDER BY number DESC LIMIT @Tasks",
        new { project.Id, Tasks }), ct)).Select(t => $"{project.Key}-{t.Number} {t.Status} {Wording.Line(t.Title, 100)}").ToList();

    /// <summary>What a repository says of itself, as its target branch has it. Anybody may have written it: data, never a word of the person.</summary>
    public async Task<string?> RepositoryAsync(ProjectRow project, CancellationToken ct)
    {
        if (project.Repository is null || repositories.Open(project.Id) is not { } repository || await repository.ResolveAsync(BranchNames.Heads + project.TargetBranch, ct) is not { } tip) return null;
        var paths = await repository.ListFilesAsync(tip, ct);
        var text = new StringBuilder($"Files ({paths.Count} in all):\n");
        foreach (var path in paths.OrderBy(p => p.Count(c => c == '/')).ThenBy(p => p, StringComparer.Ordinal).Take(Files)) text.Append(Wording.Line(path, 120)).Append('\n');
        foreach (var guide in Guides.Where(g => paths.Contains(g, StringComparer.Ordinal)).Take(2))
        {
            text.Append($"\n{guide}:\n").Append(await GuideAsync(repository, tip, guide, ct)).Append('\n');
        }

        return text.ToString();
    }

    private static async Task<string> GuideAsync(IRepository repository, string tip, string path, CancellationToken ct)
    {
        try
        {
            return Wording.Lines(await repository.ReadFileAsync(tip, path, FileBytes, ct), FileText);
        }
        catch (Refusal tooLarge)
        {
            return $"({Wording.Line(tooLarge.Message, 200)})";
        }
    }
}
