using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

public static class TasksApi
{
    public static void MapTasks(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Tasks, List).WithName("ListTasks").Admit(Access.Read);
        routes.MapPost(Routes.Tasks, Create).WithName("CreateTask").Admit(Access.Work);
        routes.MapGet(Routes.TasksReady, ListReady).WithName("ListReadyTasks").Admit(Access.Read);
        routes.MapGet(Routes.Task, Get).WithName("GetTask").Admit(Access.Read);
        routes.MapPatch(Routes.Task, Update).WithName("UpdateTask").Admit(Access.Steer);
        routes.MapDelete(Routes.Task, Delete).WithName("DeleteTask").Admit(Access.Steer);
        routes.MapGet(Routes.TaskWhy, Why).WithName("ExplainTask").Admit(Access.Read);
        routes.MapPatch(Routes.TaskProgress, Progress).WithName("ReportTaskProgress").Admit(Access.Work);
        routes.MapPatch(Routes.TaskGit, SetGit).WithName("SetTaskGit").Admit(Access.Work);
        routes.MapGet(Routes.TaskUpdates, ListUpdates).WithName("ListTaskUpdates").Admit(Access.Read);
        routes.MapPost(Routes.TaskUpdates, AddUpdate).WithName("AddTaskUpdate").Admit(Access.Work);
        routes.MapPost(Routes.TaskDependencies, AddDependency).WithName("AddDependency").Admit(Access.Steer);
        routes.MapDelete(Routes.TaskDependency, RemoveDependency).WithName("RemoveDependency").Admit(Access.Steer);
        routes.MapPost(Routes.TaskRetry, Retry).WithName("RetryTask").Admit(Access.Steer);
        routes.MapPost(Routes.TaskTakeBack, TakeBack).WithName("TakeBackTask").Admit(Access.Steer);
        routes.MapPost(Routes.TaskCancel, Cancel).WithName("CancelTask").Admit(Access.Steer);
    }

    private static async Task<Page<TaskInfo>> List(
        Store store, TaskReader reader, string? project, string? status, string? epic, string? label, string? role, string? agent, string? search,
        string? waiting, string? order, string? cursor, int? limit, CancellationToken ct)
    {
        if (status is not null && !TaskState.All.Contains(status)) throw Refusal.Invalid("status", $"status is one of {string.Join(", ", TaskState.All)}.");
        var epicNumber = int.TryParse(epic, out var number) ? number : (int?)null;
        var wanted = new Wanted(TaskOrder.Named(order), project, cursor, Paging.Limit(limit));
        // Only what is asked for stands in the statement, and a state as it is: that is what lets an index answer it in order.
        wanted.Ask(status, $"t.status = '{status}'");
        wanted.Ask(label, @"t.labels LIKE @label ESCAPE '\'", ("label", $"%\"{Escape(label ?? "")}\"%"));
        wanted.Ask(role, "t.role = @role", ("role", role));
        wanted.Ask(search, @"(t.title LIKE @search ESCAPE '\' OR p.key || '-' || t.number = @searchKey)", ("search", $"%{Escape(search ?? "")}%"), ("searchKey", search?.Trim().ToUpperInvariant()));
        wanted.Ask(waiting, "t.hold_code = @waiting", ("waiting", waiting));
        wanted.Ask(epicNumber is null ? epic : null, "t.epic_id = @epic", ("epic", epic));
        wanted.AreFew = waiting is not null;
        return await PageAsync(reader, wanted, await store.ReadAsync(async c =>
        {
            // What is named is looked up first: how many tasks it has, an engine can tell of an id; and what is not there has none.
            if (epicNumber is not null)
            {
                var epics = (await c.QueryAsync<string>("SELECT id FROM epics WHERE number = @epicNumber", new { epicNumber })).AsList();
                if (epics.Count == 0) return [];
                wanted.Ask(epic, "t.epic_id IN @epics", ("epics", epics));
            }

            if (agent is not null)
            {
                if (await c.QueryFirstOrDefaultAsync<string>("SELECT id FROM agents WHERE name = @agent OR id = @agent", new { agent }) is not { } agentId) return [];
                wanted.Ask(agent, "t.agent_id = @agentId", ("agentId", agentId));
            }

            return await wanted.RowsAsync(c);
        }, ct), ct);
    }

    private static async Task<Page<TaskInfo>> ListReady(Store store, TaskReader reader, string? project, string? cursor, int? limit, CancellationToken ct)
    {
        var wanted = new Wanted(TaskOrder.ByKey, project, cursor, Paging.Limit(limit));
        wanted.Ask("", "t.ready = 1");
        wanted.Ask("", "p.paused = 0");
        return await PageAsync(reader, wanted, await store.ReadAsync(wanted.RowsAsync, ct), ct);
    }

    private static async Task<Page<TaskInfo>> PageAsync(TaskReader reader, Wanted wanted, List<TaskRow> rows, CancellationToken ct) => new()
    {
        Items = await reader.InfosAsync([.. rows.Take(wanted.Limit)], ct),
        Next = rows.Count > wanted.Limit ? Paging.Encode(wanted.Order.Cursor(rows[wanted.Limit - 1])) : null,
    };

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);

    private static Task<TaskInfo> Get(string id, TaskReader reader, CancellationToken ct) => reader.InfoAsync(id, ct);

    private static Task<TaskWhy> Why(string id, TaskReader reader, CancellationToken ct) => reader.WhyAsync(id, ct);

    private static async Task<Created<TaskInfo>> Create(CreateTask body, Writes writes, TaskReader reader, RoleCatalog roles, CancellationToken ct)
    {
        AddTask.Check(body);
        roles.Require(body.Role);
        var wanted = body with { Role = body.Role ?? roles.ByLabels(body.Labels ?? []) };
        var id = await writes.RunAsync(body, tx => AddTask.Run(tx, wanted, roles.Find(wanted.Role)).Id, ct);
        var info = await reader.InfoAsync(id, ct);
        return TypedResults.Created(Routes.With(Routes.Task, info.Key), info);
    }

    private static async Task<TaskInfo> Update(string id, UpdateTask body, Writes writes, TaskReader reader, RoleCatalog roles, CancellationToken ct)
    {
        EditTask.Check(body);
        if (body.Role is not "") roles.Require(body.Role);
        await writes.RunAsync(body, tx => EditTask.Run(tx, id, body), ct);
        return await reader.InfoAsync(id, ct);
    }

    private static async Task<NoContent> Delete(string id, Writes writes, CancellationToken ct)
    {
        await writes.RunAsync(null, tx => EditTask.Delete(tx, id), ct);
        return TypedResults.NoContent();
    }

    private static async Task<TaskInfo> Progress(string id, TaskProgress body, HttpContext http, Store store, Writes writes, TaskReader reader, CancellationToken ct)
    {
        await writes.RunAsync(body, tx => ReportProgress.OnTask(tx, store, http, id, body), ct);
        return await reader.InfoAsync(id, ct);
    }

    private static async Task<TaskInfo> SetGit(string id, TaskGit body, HttpContext http, Store store, Writes writes, TaskReader reader, CancellationToken ct)
    {
        await writes.RunAsync(body, tx => ReportProgress.Git(tx, store, http, id, body), ct);
        return await reader.InfoAsync(id, ct);
    }

    private static async Task<Page<TaskUpdateInfo>> ListUpdates(string id, Store store, TaskReader reader, bool? newest, string? cursor, int? limit, CancellationToken ct)
    {
        var task = await reader.RowAsync(id, ct);
        var take = Paging.Limit(limit);
        var after = Paging.Decode(cursor);
        var from = (newest == true, after) switch
        {
            (_, null) => "",
            (true, _) => "AND id < @after",
            _ => "AND id > @after",
        };
        var rows = (await store.ReadAsync(c => c.QueryAsync<TaskUpdateRow>(
            $"SELECT * FROM task_updates WHERE task_id = @Id {from} ORDER BY id{(newest == true ? " DESC" : "")} LIMIT @limit", new { task.Id, after, limit = take + 1 }), ct)).AsList();
        return Paging.Page(rows, take, r => r.Id, r => r.ToInfo());
    }

    private static async Task<Created<TaskUpdateInfo>> AddUpdate(string id, AddTaskUpdate body, HttpContext http, Store store, Writes writes, CancellationToken ct)
    {
        new Checked().Text(body.Text, "text", 20_000).ThrowIfWrong();
        var info = await writes.RunAsync(body, tx =>
        {
            Leases.Heed(tx, store, http);
            var task = TaskQueries.Get(tx, id);
            // Another agent may say something; only a person's word is an answer.
            if (http.Principal().Scope != Scopes.Agent) Holds.Answered(tx, task.Id);
            return TaskUpdateRow.Add(tx, task, http.Principal().Name, "comment", body.Text, null).ToInfo();
        }, ct);
        return TypedResults.Created(Routes.With(Routes.TaskUpdates, id), info);
    }

    private static async Task<TaskInfo> AddDependency(string id, AddDependency body, Writes writes, TaskReader reader, CancellationToken ct)
    {
        await writes.RunAsync<object?>(body, tx =>
        {
            AddTask.AddEdge(tx, TaskQueries.Get(tx, id), TaskQueries.Get(tx, body.On));
            return null;
        }, ct);
        return await reader.InfoAsync(id, ct);
    }

    private static async Task<TaskInfo> RemoveDependency(string id, string on, Writes writes, TaskReader reader, CancellationToken ct)
    {
        await writes.RunAsync<object?>(null, tx =>
        {
            var (task, other) = (TaskQueries.Get(tx, id), TaskQueries.Get(tx, on));
            if (tx.Execute("DELETE FROM edges WHERE task_id = @task AND depends_on = @other", new { task = task.Id, other = other.Id }) == 0)
                throw Refusal.NotFound("dependency", $"{task.Key} on {other.Key}");
            Readiness.Refresh(tx, task.Id);
            return null;
        }, ct);
        return await reader.InfoAsync(id, ct);
    }

    private static async Task<TaskInfo> Retry(string id, Writes writes, TaskReader reader, CancellationToken ct)
    {
        await writes.RunAsync<object?>(null, tx => { TaskTransitions.Retry(tx, TaskQueries.Get(tx, id)); return null; }, ct);
        return await reader.InfoAsync(id, ct);
    }

    private static async Task<TaskInfo> TakeBack(string id, Reason? body, Writes writes, TaskReader reader, CancellationToken ct)
    {
        new Checked().Text(body?.Text, "text", 2000, required: false).ThrowIfWrong();
        await writes.RunAsync<object?>(body, tx => { TaskTransitions.TakeBack(tx, TaskQueries.Get(tx, id), body?.Text); return null; }, ct);
        return await reader.InfoAsync(id, ct);
    }

    private static async Task<TaskInfo> Cancel(string id, Reason? body, Writes writes, TaskReader reader, CancellationToken ct)
    {
        new Checked().Text(body?.Text, "text", 2000, required: false).ThrowIfWrong();
        await writes.RunAsync<object?>(body, tx => { TaskTransitions.Cancel(tx, TaskQueries.Get(tx, id), body?.Text); return null; }, ct);
        return await reader.InfoAsync(id, ct);
    }
}
