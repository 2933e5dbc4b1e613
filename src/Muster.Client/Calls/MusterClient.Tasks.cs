using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Work;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>
    /// Tasks, a page at a time. <paramref name="epic"/> is its number, <paramref name="search"/> a part of the title or a key,
    /// <paramref name="waiting"/> what they were handed back for (<c>approval</c>, <c>budget</c>, <c>provider_down</c>), <paramref name="order"/>
    /// <c>key</c>, <c>recent</c>, <c>ended</c> or <c>priority</c>.
    /// </summary>
    public Task<Page<TaskInfo>> ListTasksAsync(
        string? project = null,
        string? status = null,
        int? epic = null,
        string? label = null,
        string? role = null,
        string? agent = null,
        string? search = null,
        string? cursor = null,
        int? limit = null,
        string? waiting = null,
        string? order = null,
        CancellationToken ct = default) =>
        GetAsync<Page<TaskInfo>>(
            new Query(Routes.Tasks)
                .Add("project", project).Add("status", status).Add("epic", epic).Add("label", label)
                .Add("role", role).Add("agent", agent).Add("search", search)
                .Add("waiting", waiting).Add("order", order)
                .Page(cursor, limit),
            ct);

    /// <summary>Adds a task.</summary>
    public Task<TaskInfo> CreateTaskAsync(CreateTask body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<TaskInfo>(Routes.Tasks, body, call, ct);

    /// <summary>One task by id or key.</summary>
    public Task<TaskInfo> GetTaskAsync(string id, CancellationToken ct = default) =>
        GetAsync<TaskInfo>(Query.At(Routes.Task, id), ct);

    /// <summary>Changes what is not null.</summary>
    public Task<TaskInfo> UpdateTaskAsync(string id, UpdateTask body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<TaskInfo>(Query.At(Routes.Task, id), body, call, ct);

    /// <summary>Deletes a task that nobody holds and nothing depends on.</summary>
    public Task DeleteTaskAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.Task, id), call, ct);

    /// <summary>Tasks that wait for nothing, in the order in which they are handed out.</summary>
    public Task<Page<TaskInfo>> ListReadyTasksAsync(
        string? project = null,
        string? role = null,
        string? label = null,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<TaskInfo>>(new Query(Routes.TasksReady).Add("project", project).Add("role", role).Add("label", label).Page(cursor, limit), ct);

    /// <summary>Says how far a task is.</summary>
    public Task<TaskInfo> ReportTaskProgressAsync(string id, TaskProgress body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<TaskInfo>(Query.At(Routes.TaskProgress, id), body, call, ct);

    /// <summary>Records branch, commit or pull request of a task.</summary>
    public Task<TaskInfo> SetTaskGitAsync(string id, TaskGit body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<TaskInfo>(Query.At(Routes.TaskGit, id), body, call, ct);

    /// <summary>Why a task stands where it stands, in a sentence and in codes.</summary>
    public Task<TaskWhy> ExplainTaskAsync(string id, CancellationToken ct = default) =>
        GetAsync<TaskWhy>(Query.At(Routes.TaskWhy, id), ct);

    /// <summary>Log of a task's newest attempt, or of the attempt <paramref name="epoch"/>, from the character <paramref name="after"/> on.</summary>
    public Task<LogText> GetTaskLogAsync(string id, int? epoch = null, long? after = null, CancellationToken ct = default) =>
        GetAsync<LogText>(new Query(Query.At(Routes.TaskLog, id)).Add("epoch", epoch).Add("after", after), ct);

    /// <summary>What happened to a task, oldest first, a page at a time.</summary>
    public Task<Page<TaskUpdateInfo>> ListTaskUpdatesAsync(
        string id,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<TaskUpdateInfo>>(new Query(Query.At(Routes.TaskUpdates, id)).Page(cursor, limit), ct);

    /// <summary>What happened to a task, back from the newest, a page at a time.</summary>
    public Task<Page<TaskUpdateInfo>> ListNewestTaskUpdatesAsync(
        string id,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<TaskUpdateInfo>>(new Query(Query.At(Routes.TaskUpdates, id)).Add("newest", true).Page(cursor, limit), ct);

    /// <summary>Adds a comment to a task.</summary>
    public Task<TaskUpdateInfo> AddTaskUpdateAsync(
        string id,
        AddTaskUpdate body,
        CallOptions? call = null,
        CancellationToken ct = default) =>
        PostAsync<TaskUpdateInfo>(Query.At(Routes.TaskUpdates, id), body, call, ct);

    /// <summary>Makes a task wait for another; refused with <c>cycle</c> where that would close a circle.</summary>
    public Task<TaskInfo> AddDependencyAsync(string id, AddDependency body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<TaskInfo>(Query.At(Routes.TaskDependencies, id), body, call, ct);

    /// <summary>Takes away what <see cref="AddDependencyAsync"/> added.</summary>
    public Task<TaskInfo> RemoveDependencyAsync(string id, string on, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync<TaskInfo>(Query.At(Routes.TaskDependency, id, on), call, ct);

    /// <summary>Sends a failed, quarantined or cancelled task back to pending.</summary>
    public Task<TaskInfo> RetryTaskAsync(string id, Reason? reason = null, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<TaskInfo>(Query.At(Routes.TaskRetry, id), reason ?? new Reason(), call, ct);

    /// <summary>Takes a task from the agent that holds it, which is told to stop; another goes on from what it saved.</summary>
    public Task<TaskInfo> TakeBackTaskAsync(string id, Reason? reason = null, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<TaskInfo>(Query.At(Routes.TaskTakeBack, id), reason ?? new Reason(), call, ct);

    /// <summary>Cancels a task; whoever holds it is told to stop.</summary>
    public Task<TaskInfo> CancelTaskAsync(string id, Reason? reason = null, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<TaskInfo>(Query.At(Routes.TaskCancel, id), reason ?? new Reason(), call, ct);
}
