using System.Data;
using Dapper;
using Muster.Contracts.Conversations;
using Muster.Contracts.Delivery;
using Muster.Contracts.Models;
using Muster.Contracts.Progress;
using Muster.Contracts.Work;
using Muster.ControlPlane.Conversations;
using Muster.ControlPlane.Delivery.Deploys;
using Muster.ControlPlane.Delivery.Epics;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Models.Budgets;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Tools;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Progress;

/// <summary>Puts together what a person should know in the morning: rows in one go, then whole, each kind by its own reader.</summary>
internal sealed class TodayReader(Store store, TimeProvider time, TaskReader tasks, GoalReader goals, AgentReader agents)
{
    private const int Most = TodayReport.Most;

    public async Task<TodayReport> ReadAsync(DateTimeOffset? since, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var rows = await store.ReadAsync(c => RowsAsync(c, now, since), ct);
        var budgets = await BudgetsApi.AllAsync(store, time, ct);
        // Their facts are read together, however many kinds they stand under.
        var taskInfos = (await tasks.InfosAsync([.. rows.Questions, .. rows.Broken, .. rows.Busy, .. rows.InReview, .. rows.Done], ct)).ToLookup(t => t.Id, StringComparer.Ordinal);
        var goalInfos = (await goals.InfosAsync(rows.Goals, ct)).ToLookup(g => g.State, StringComparer.Ordinal);
        return new TodayReport
        {
            Summary = rows.Summary,
            Needs = new Needs
            {
                Count = rows.Count,
                Plans = [.. goalInfos[GoalState.WaitingApproval]],
                Pulls = rows.Pulls,
                Questions = [.. rows.Questions.Select(r => new AskedQuestion { Task = Of(r), Text = r.LastReason ?? rows.Said.GetValueOrDefault(r.Id) })],
                Broken = [.. rows.Broken.Select(Of)],
                Goals = [.. goalInfos[GoalState.Failed]],
                Tools = rows.Tools,
                Epics = rows.Epics,
                Deployments = rows.Deployments,
                Agents = await agents.InfosAsync(rows.Ill, ct),
                Budgets = [.. budgets.Where(b => rows.Tight.Contains(b.Id))],
            },
            Goals = [.. goalInfos[GoalState.Planning], .. goalInfos[GoalState.Running]],
            // What waits for a person stands above.
            Running = [.. rows.Busy.Select(Of), .. rows.InReview.Where(r => rows.Pulls.All(p => p.TaskId != r.Id)).Select(Of)],
            Done = [.. rows.Done.Select(Of)],
            Crew = rows.Crew,
            Budgets = budgets,
        };

        TaskInfo Of(TaskRow row) => taskInfos[row.Id].First();
    }

    private static async Task<Rows> RowsAsync(IDbConnection c, DateTimeOffset now, DateTimeOffset? since)
    {
        var at = now.ToUnixTimeMilliseconds();
        var questions = await TasksAsync(c, NeedsQueries.Questions, TaskOrder.ByKey);
        var silent = questions.Where(t => t.LastReason is null).Select(t => t.Id).ToArray();
        List<PullInfo> pulls = [];
        foreach (var pull in (await c.QueryAsync<PullRow>($"{PullRow.Select} WHERE {NeedsQueries.Pulls} ORDER BY u.id DESC LIMIT {Most}")).AsList()) pulls.Add(await PullQueries.ReadAsync(c, pull));
        return new Rows
        {
            Summary = await ProgressReader.SummaryAsync(c, now),
            Count = await NeedsQueries.CountAsync(c, at),
            Pulls = pulls,
            Questions = questions,
            Said = silent.Length == 0 ? [] : (await c.QueryAsync<(string Task, string Text)>(
                "SELECT task_id, text FROM task_updates WHERE id IN (SELECT MAX(id) FROM task_updates WHERE task_id IN @silent GROUP BY task_id)", new { silent })).ToDictionary(u => u.Task, u => u.Text, StringComparer.Ordinal),
            Broken = await TasksAsync(c, NeedsQueries.Broken, TaskOrder.Ended),
            Busy = await TasksAsync(c, "t.status = 'in_progress'", TaskOrder.Urgent),
            InReview = await TasksAsync(c, "t.status = 'review'", TaskOrder.Recent),
            Done = await TasksAsync(c, "t.status = 'done' AND (@since IS NULL OR t.completed_at >= @since)", TaskOrder.Ended, since),
            Goals = [.. await GoalsAsync(c, NeedsQueries.Plans), .. await GoalsAsync(c, "state = 'planning'"), .. await GoalsAsync(c, "state = 'running'"), .. await GoalsAsync(c, NeedsQueries.Goals)],
            Tools = [.. (await c.QueryAsync<ToolRow>($"SELECT * FROM tools WHERE {NeedsQueries.Tools} ORDER BY updated_at DESC LIMIT {Most}")).Select(t => t.ToInfo())],
            Epics = [.. (await c.QueryAsync<EpicMergeRow>($"{EpicMergeRow.Select} WHERE {NeedsQueries.Epics} ORDER BY m.updated_at DESC LIMIT {Most}")).Select(e => e.ToInfo())],
            Deployments = [.. (await c.QueryAsync<DeploymentRow>($"{DeploymentRow.Select} WHERE {NeedsQueries.Deployments} ORDER BY d.id DESC LIMIT {Most}")).Select(d => d.ToInfo())],
            Ill = (await c.QueryAsync<AgentRow>($"{AgentRow.Select} WHERE {NeedsQueries.Agents} ORDER BY a.name LIMIT {Most}")).AsList(),
            Crew = (await c.QueryAsync<(string State, int Agents)>(
                """
                SELECT CASE WHEN desired = 'running' THEN CASE WHEN health <> 'healthy' THEN health WHEN EXISTS (SELECT 1 FROM assignments s WHERE s.agent_id = a.id AND s.ended_at IS NULL) THEN 'working' ELSE 'ready' END
                            ELSE desired END, COUNT(*) FROM agents a WHERE active = 1 GROUP BY 1 ORDER BY 2 DESC, 1
                """)).ToDictionary(s => s.State, s => s.Agents, StringComparer.Ordinal),
            Tight = (await c.QueryAsync<string>($"SELECT b.id FROM budgets b WHERE {NeedsQueries.Budgets}", NeedsQueries.Periods(at))).ToHashSet(StringComparer.Ordinal),
        };
    }

    private static async Task<List<TaskRow>> TasksAsync(IDbConnection c, string where, TaskOrder order, DateTimeOffset? since = null) => (await c.QueryAsync<TaskRow>(
        $"{TaskQueries.Select} WHERE t.id IN (SELECT t.id FROM tasks t JOIN projects p ON p.id = t.project_id WHERE {where}{(order.Only is null ? "" : $" AND {order.Only}")}{order.Sql} LIMIT {Most}){order.Sql}", new { since = since?.ToUnixTimeMilliseconds() })).AsList();

    private static async Task<List<GoalRow>> GoalsAsync(IDbConnection c, string where) => (await c.QueryAsync<GoalRow>($"{GoalRow.Select} WHERE {where} ORDER BY number DESC LIMIT {Most}")).AsList();

    private sealed record Rows
    {
        public required ProgressSummary Summary { get; init; }
        public required NeedsCount Count { get; init; }
        public required IReadOnlyList<PullInfo> Pulls { get; init; }
        public required IReadOnlyList<TaskRow> Questions { get; init; }
        public required Dictionary<string, string> Said { get; init; }
        public required IReadOnlyList<TaskRow> Broken { get; init; }
        public required IReadOnlyList<TaskRow> Busy { get; init; }
        public required IReadOnlyList<TaskRow> InReview { get; init; }
        public required IReadOnlyList<TaskRow> Done { get; init; }
        public required IReadOnlyList<GoalRow> Goals { get; init; }
        public required IReadOnlyList<Contracts.Tools.ToolInfo> Tools { get; init; }
        public required IReadOnlyList<QueueEntry> Epics { get; init; }
        public required IReadOnlyList<DeploymentInfo> Deployments { get; init; }
        public required IReadOnlyList<AgentRow> Ill { get; init; }
        public required IReadOnlyDictionary<string, int> Crew { get; init; }
        public required IReadOnlySet<string> Tight { get; init; }
    }
}
