using Dapper;
using Muster.Contracts.Conversations;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Conversations;

/// <summary>Puts goals and conversations together for the wire.</summary>
internal sealed class GoalReader(Store store, RoleCatalog roles)
{
    public async Task<GoalInfo> InfoAsync(string idOrKey, CancellationToken ct)
    {
        var (sql, args) = GoalRow.Lookup(idOrKey);
        var row = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<GoalRow>(sql, args), ct) ?? throw Refusal.NotFound("goal", idOrKey);
        return (await InfosAsync([row], ct))[0];
    }

    public async Task<IReadOnlyList<GoalInfo>> InfosAsync(IReadOnlyList<GoalRow> rows, CancellationToken ct)
    {
        if (rows.Count == 0) return [];
        var ids = rows.Select(r => r.Id).ToArray();
        var plans = rows.ToDictionary(r => r.Id, r => r.ReadPlan(), StringComparer.Ordinal);
        // Before it is begun a goal's project is the one that its plan names.
        var wanted = rows.Select(r => r.ProjectId ?? plans[r.Id]?.Project.Key).OfType<string>().Distinct(StringComparer.Ordinal).ToArray();
        var (tasks, projects, approvals, agents) = await store.ReadAsync(async c => (
            (await c.QueryAsync<GoalTask>(GoalTask.Select + " WHERE gt.goal_id IN @ids ORDER BY gt.number", new { ids })).ToLookup(t => t.GoalId, StringComparer.Ordinal),
            wanted.Length == 0 ? [] : (await c.QueryAsync<(string Id, string Key, string Approval)>("SELECT id, key, approval FROM projects WHERE id IN @wanted OR key IN @wanted", new { wanted })).AsList(),
            (await c.QueryAsync<(string GoalId, string Project, int Number, string Title)>(
                """
                SELECT gt.goal_id, p.key, u.number, u.title FROM pulls u JOIN goal_tasks gt ON gt.task_id = u.task_id JOIN projects p ON p.id = u.project_id
                 WHERE gt.goal_id IN @ids AND u.needs_approval = 1 AND u.state = 'open' AND (u.approved_sha IS NULL OR u.approved_sha <> u.head_sha) ORDER BY u.number
                """, new { ids })).ToLookup(u => u.GoalId, StringComparer.Ordinal),
            (await c.QueryAsync<string?>("SELECT role FROM agents WHERE active = 1 AND desired = 'running'")).AsList()), ct);
        return [.. rows.Select(r => ToInfo(r, plans[r.Id], [.. tasks[r.Id]], projects.Find(p => p.Id == r.ProjectId || (r.ProjectId is null && p.Key == plans[r.Id]?.Project.Key)),
            [.. approvals[r.Id].Select(u => new NeedsPerson($"{u.Project}!{u.Number} {u.Title}", $"muster review show {u.Project}!{u.Number}"))], agents))];
    }

    public async Task<SaidAnswer> AnswerAsync(string conversationId, string turnId, string? answerId, string? goalId, CancellationToken ct)
    {
        var conversation = await store.ReadAsync(c => c.QueryFirstAsync<ConversationRow>(ConversationRow.Select + " WHERE c.id = @conversationId", new { conversationId }), ct);
        var turns = (await store.ReadAsync(c => c.QueryAsync<TurnRow>(TurnRow.Select + " WHERE t.id IN @ids", new { ids = new[] { turnId, answerId ?? turnId } }), ct)).AsList();
        return new SaidAnswer
        {
            Conversation = conversation.ToInfo(),
            Turn = turns.First(t => t.Id == turnId).ToInfo(),
            Answer = answerId is null ? null : turns.First(t => t.Id == answerId).ToInfo(),
            Goal = goalId is null ? null : await InfoAsync(goalId, ct),
        };
    }

    private GoalInfo ToInfo(GoalRow row, GoalPlan? plan, IReadOnlyList<GoalTask> tasks, (string? Id, string? Key, string? Approval) project, IReadOnlyList<NeedsPerson> approvals, IReadOnlyList<string?> agents) =>
        new()
        {
            Id = row.Id,
            Key = row.Key,
            ConversationId = row.ConversationId,
            Request = row.Request,
            Title = row.Title,
            State = row.State,
            Approval = row.Approval ?? project.Approval,
            Project = project.Key,
            BudgetUsd = row.BudgetUsd,
            Plan = plan,
            PlanVersion = row.PlanVersion,
            ApprovedVersion = row.ApprovedVersion,
            Notes = plan is null || row.Ended ? [] : Notes(plan, agents),
            Waiting = row.Waiting,
            WaitingDetail = row.WaitingDetail,
            RetryAt = Times.At(row.RetryAt),
            Tasks = [.. tasks.Select(t => t.ToInfo())],
            Report = GoalReport.Text(row, tasks, approvals),
            CreatedAt = Times.At(row.CreatedAt),
            UpdatedAt = Times.At(row.UpdatedAt),
            EndedAt = Times.At(row.EndedAt),
        };

    private IReadOnlyList<string> Notes(GoalPlan plan, IReadOnlyList<string?> agents)
    {
        if (agents.Contains(null)) return [];
        var missing = plan.Tasks.Select(t => t.Role ?? roles.ByLabels(t.Labels)).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).Where(r => !agents.Contains(r, StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal).ToList();
        return missing.Count == 0 ? [] : [$"No running agent has the role {string.Join(", ", missing)}: its tasks wait until one does (muster agent add NAME --role {missing[0]})."];
    }
}
