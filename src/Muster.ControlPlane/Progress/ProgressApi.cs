using Dapper;
using Muster.Contracts;
using Muster.Contracts.Progress;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Progress;

public static class ProgressApi
{
    public static void MapProgress(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Today, (DateTimeOffset? since, TodayReader reader, CancellationToken ct) => reader.ReadAsync(since, ct)).WithName("GetToday").Admit(Access.Read);
        routes.MapGet(Routes.ProgressSummary, Summary).WithName("GetProgressSummary").Admit(Access.Read);
        routes.MapGet(Routes.ProgressNeeds, Needs).WithName("GetNeeds").Admit(Access.Read);
        routes.MapGet(Routes.ProgressAgents, Agents).WithName("ListAgentProgress").Admit(Access.Read);
        routes.MapPost(Routes.ProgressSnapshot, Snapshot).WithName("CreateSnapshot").Admit(Access.Work);
        routes.MapGet(Routes.ProgressHistory, History).WithName("ListSnapshots").Admit(Access.Read);
        routes.MapGet(Routes.ProgressBurnUp, BurnUp).WithName("GetBurnUp").Admit(Access.Read);
        routes.MapGet(Routes.ProjectPlan, Plan).WithName("GetPlan").Admit(Access.Read);
        routes.MapGet(Routes.Statistics, Counts).WithName("GetStatistics").Admit(Access.Read);
    }

    private static Task<ProgressSummary> Summary(Store store, TimeProvider time, CancellationToken ct) => store.ReadAsync(c => ProgressReader.SummaryAsync(c, time.GetUtcNow()), ct);

    private static Task<NeedsCount> Needs(Store store, TimeProvider time, CancellationToken ct) => store.ReadAsync(c => NeedsQueries.CountAsync(c, time.GetUtcNow().ToUnixTimeMilliseconds()), ct);

    private static async Task<ProjectProgress> Plan(string id, Store store, TimeProvider time, CancellationToken ct)
    {
        var project = await ProjectsApi.RowAsync(store, id, ct);
        return (await store.ReadAsync(c => ProgressReader.ProjectsAsync(c, project.Id, time.GetUtcNow().ToUnixTimeMilliseconds()), ct))[0];
    }

    private static async Task<IReadOnlyList<AgentProgress>> Agents(string? agent, Store store, AgentReader reader, TimeProvider time, CancellationToken ct)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        // One is found by its key, whether it still works or not; of all of them, those that do.
        var rows = (await store.ReadAsync(c => c.QueryAsync<AgentRow>(agent is null ? AgentRow.Select + " WHERE a.active = 1 ORDER BY a.name LIMIT 1000" : AgentRow.ByIdOrName, new { agent }), ct)).AsList();
        if (agent is not null && rows.Count == 0) throw Refusal.NotFound("agent", agent);
        var only = agent is null ? null : rows[0].Id;
        var work = (await store.ReadAsync(async c => await c.QueryAsync<WorkDone>(
            $"""
            SELECT agent_id, SUM(completed) AS completed, SUM(failed) AS failed, SUM(busy) AS busy, SUM(minutes) AS minutes FROM ({DoneCounts.Attempts}) a GROUP BY agent_id
            """, new { now, only, until = await DoneCounts.UntilAsync(c) }), ct)).ToDictionary(w => w.AgentId, StringComparer.Ordinal);
        var infos = await reader.InfosAsync(rows, ct);
        return [.. infos.Select(a => Of(a, work.GetValueOrDefault(a.Id), now))];
    }

    private static AgentProgress Of(Contracts.Fleet.AgentInfo agent, WorkDone? work, long now)
    {
        var alive = Math.Max(1, now - agent.CreatedAt.ToUnixTimeMilliseconds());
        return new AgentProgress
        {
            AgentId = agent.Id,
            Agent = agent.Name,
            Role = agent.Role,
            Health = agent.Health,
            Completed = work?.Completed ?? 0,
            Failed = work?.Failed ?? 0,
            HoursDone = (work?.Minutes ?? 0) / 60.0,
            Utilisation = Math.Round(Math.Clamp((work?.Busy ?? 0) / (double)alive / Math.Max(1, agent.Capacity), 0, 1), 3),
            Tasks = agent.Tasks,
        };
    }

    private static async Task<IReadOnlyList<SnapshotInfo>> Snapshot(CreateSnapshot? body, Store store, Writes writes, TimeProvider time, CancellationToken ct)
    {
        var only = body?.Project is null ? null : (await ProjectsApi.RowAsync(store, body.Project, ct)).Id;
        var (projects, working) = await store.ReadAsync(async c => (
            await ProgressReader.ProjectsAsync(c, only, time.GetUtcNow().ToUnixTimeMilliseconds()),
            await c.QueryFirstAsync<int>("SELECT COUNT(DISTINCT agent_id) FROM assignments WHERE status = 'active'")), ct);
        return await writes.RunAsync<List<SnapshotInfo>>(body, tx => [.. projects.Select(p => Snapshots.Add(tx, p, working))], ct);
    }

    private static async Task<IReadOnlyList<SnapshotInfo>> History(string projectId, Store store, int? limit, CancellationToken ct)
    {
        var project = await ProjectsApi.RowAsync(store, projectId, ct);
        var rows = await store.ReadAsync(c => c.QueryAsync<SnapshotRow>(
            "SELECT * FROM (SELECT * FROM progress_snapshots WHERE project_id = @Id ORDER BY at DESC, id DESC LIMIT @limit) s ORDER BY at, id", new { project.Id, limit = Paging.Limit(limit) }), ct);
        return [.. rows.Select(r => r.ToInfo())];
    }

    private static async Task<BurnUp> BurnUp(string projectId, Store store, TimeProvider time, CancellationToken ct)
    {
        var project = await ProjectsApi.RowAsync(store, projectId, ct);
        return await store.ReadAsync(c => BurnUpReader.ReadAsync(c, project, time.GetUtcNow()), ct);
    }

    private static Task<Statistics> Counts(Store store, TimeProvider time, CancellationToken ct) => store.ReadAsync(async c =>
    {
        var states = await DoneCounts.TasksByStateAsync(c);
        var row = await c.QueryFirstAsync<StatisticsRow>(
            $"""
            SELECT (SELECT COUNT(*) FROM projects) AS projects, (SELECT COUNT(*) FROM agents WHERE active = 1) AS agents,
                   (SELECT COUNT(*) FROM agents WHERE active = 1 AND health = 'healthy') AS agents_healthy, (SELECT COUNT(*) FROM hosts) AS hosts,
                   (SELECT COALESCE(MAX(seq) - MIN(seq) + 1, 0) FROM events) AS events, COALESCE(SUM(attempts), 0) AS assignments, COALESCE(SUM(failed), 0) AS assignments_failed,
                   (SELECT COUNT(*) FROM pulls WHERE state = 'merged') AS pulls_merged,
                   (SELECT COUNT(*) FROM jobs WHERE kind = 'check' AND state = 'passed') AS checks_passed,
                   (SELECT COUNT(*) FROM jobs WHERE kind = 'check' AND state = 'failed') AS checks_failed,
                   (SELECT COALESCE(SUM(tokens_in), 0) FROM model_usage) AS tokens_in, (SELECT COALESCE(SUM(tokens_out), 0) FROM model_usage) AS tokens_out,
                   (SELECT COALESCE(SUM(cost_usd), 0) FROM model_usage) AS cost_usd
              FROM ({DoneCounts.Attempts}) a
            """, new { only = (string?)null, now = time.GetUtcNow().ToUnixTimeMilliseconds(), until = await DoneCounts.UntilAsync(c) });
        return row.ToWire(states);
    }, ct);

    private sealed record WorkDone
    {
        public string AgentId { get; init; } = "";
        public int Completed { get; init; }
        public int Failed { get; init; }
        public long Busy { get; init; }
        public long Minutes { get; init; }
    }

    private sealed record StatisticsRow
    {
        public int Projects { get; init; }
        public int Agents { get; init; }
        public int AgentsHealthy { get; init; }
        public int Hosts { get; init; }
        public long Events { get; init; }
        public int Assignments { get; init; }
        public int AssignmentsFailed { get; init; }
        public int PullsMerged { get; init; }
        public int ChecksPassed { get; init; }
        public int ChecksFailed { get; init; }
        public long TokensIn { get; init; }
        public long TokensOut { get; init; }
        public double CostUsd { get; init; }

        public Statistics ToWire(IReadOnlyDictionary<string, int> states) => new()
        {
            TasksByStatus = states,
            Projects = Projects,
            Agents = Agents,
            AgentsHealthy = AgentsHealthy,
            Hosts = Hosts,
            Events = Events,
            Assignments = Assignments,
            AssignmentsFailed = AssignmentsFailed,
            PullsMerged = PullsMerged,
            ChecksPassed = ChecksPassed,
            ChecksFailed = ChecksFailed,
            TokensIn = TokensIn,
            TokensOut = TokensOut,
            CostUsd = CostUsd,
        };
    }
}
