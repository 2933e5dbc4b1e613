using System.Data;
using System.Text.Json;
using Dapper;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Reviews;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Puts tasks together for the wire, a page at a time: rows, dependencies, reasons.</summary>
public sealed class TaskReader(Store store, ReviewBoard board)
{
    public Task<TaskRow> RowAsync(string idOrKey, CancellationToken ct) => TaskQueries.GetAsync(store, idOrKey, ct);

    public async Task<TaskInfo> InfoAsync(string idOrKey, CancellationToken ct) => (await InfosAsync([await RowAsync(idOrKey, ct)], ct))[0];

    public async Task<IReadOnlyList<TaskInfo>> InfosAsync(IReadOnlyList<TaskRow> rows, CancellationToken ct)
    {
        if (rows.Count == 0) return [];
        var facts = await FactsAsync(rows, ct);
        return [.. rows.Select(r => ToInfo(r, [.. facts.Dependencies[r.Id].Select(d => d.Key)], WaitingReasons.Of(r, facts)))];
    }

    public async Task<TaskWhy> WhyAsync(string idOrKey, CancellationToken ct)
    {
        var row = await RowAsync(idOrKey, ct);
        var reasons = WaitingReasons.Of(row, await FactsAsync([row], ct));
        return new TaskWhy { Key = row.Key, Status = row.Status, WaitingOn = reasons, Sentence = WaitingReasons.Sentence(row, reasons) };
    }

    private Task<WaitingFacts> FactsAsync(IReadOnlyList<TaskRow> rows, CancellationToken ct) => store.ReadAsync(async c =>
    {
        var ids = rows.Select(r => r.Id).ToArray();
        var dependencies = await c.QueryAsync<(string TaskId, string Key, string Status)>(
            """
            SELECT e.task_id, p.key || '-' || d.number, d.status FROM edges e JOIN tasks d ON d.id = e.depends_on JOIN projects p ON p.id = d.project_id
             WHERE e.task_id IN @ids ORDER BY p.key, d.number
            """, new { ids });
        var gated = rows.Where(r => r.Gated).Select(r => r.ProjectId).Distinct(StringComparer.Ordinal).ToArray();
        var epics = gated.Length == 0 ? [] : await c.QueryAsync<EpicRow>("SELECT * FROM epics WHERE project_id IN @gated", new { gated });
        var agents = rows.Any(r => r.Ready)
            ? await c.QueryAsync<RoleCapacity>(
                """
                SELECT a.role, a.labels, COUNT(*) AS agents, SUM(a.capacity) AS capacity,
                       SUM((SELECT COUNT(*) FROM assignments s WHERE s.agent_id = a.id AND s.ended_at IS NULL)) AS running
                  FROM agents a WHERE a.active = 1 AND a.desired = 'running' AND a.health IN ('healthy', 'warning') GROUP BY a.role, a.labels
                """)
            : [];
        return new WaitingFacts
        {
            Dependencies = dependencies.ToLookup(d => d.TaskId, d => (d.Key, d.Status), StringComparer.Ordinal),
            Epics = epics.ToDictionary(e => e.Id, StringComparer.Ordinal),
            Agents = agents.AsList(),
            Review = await ReviewAsync(c, [.. rows.Where(r => r.Status == TaskState.Review).Select(r => r.Id)]),
        };
    }, ct);

    /// <summary>What the rows show; where they show nothing, what the last look at the review found missing.</summary>
    private async Task<IReadOnlyDictionary<string, IReadOnlyList<WaitingReason>>> ReviewAsync(IDbConnection c, string[] ids)
    {
        var shown = await ReviewReasons.ReadAsync(c, ids);
        return ids.Select(id => (Id: id, Reasons: shown.TryGetValue(id, out var reasons) ? reasons : board.WaitingOn(id)))
            .Where(t => t.Reasons.Count > 0).ToDictionary(t => t.Id, t => t.Reasons, StringComparer.Ordinal);
    }

    private static TaskInfo ToInfo(TaskRow r, IReadOnlyList<string> dependsOn, IReadOnlyList<WaitingReason> waitingOn) => new()
    {
        Id = r.Id,
        Key = r.Key,
        ProjectId = r.ProjectId,
        Project = r.ProjectKey,
        EpicId = r.EpicId,
        Epic = r.EpicNumber,
        IssueNumber = r.IssueNumber,
        Title = r.Title,
        Description = r.Description,
        Labels = JsonSerializer.Deserialize<string[]>(r.Labels)!,
        Priority = r.Priority,
        Role = r.Role,
        Status = r.Status,
        PercentComplete = r.PercentComplete,
        EstimateHours = r.EstimateMinutes / 60.0,
        SpentHours = r.SpentMinutes / 60.0,
        Branch = r.Branch,
        HeadSha = r.HeadSha,
        PullRequest = r.PullNumber,
        Contract = r.Contract,
        NeedsApproval = r.NeedsApproval,
        ParentId = r.ParentId,
        DependsOn = dependsOn,
        WaitingOn = waitingOn,
        Attempts = r.Epoch,
        Failures = r.Failures,
        Agent = r.AgentName,
        Rehearsal = r.Rehearsal,
        LastReason = r.LastReason,
        NotBefore = Times.At(r.NotBefore),
        CreatedAt = Times.At(r.CreatedAt),
        UpdatedAt = Times.At(r.UpdatedAt),
        StartedAt = Times.At(r.StartedAt),
        CompletedAt = Times.At(r.CompletedAt),
    };

    /// <summary>A task as just written, without a second read: for answers in which its reasons do not matter.</summary>
    public static TaskInfo Bare(TaskRow row) => ToInfo(row, [], []);
}
