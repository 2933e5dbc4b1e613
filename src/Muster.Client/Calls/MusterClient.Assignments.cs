using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Work;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Takes up to <see cref="ClaimRequest.Max"/> ready tasks; waits up to <see cref="ClaimRequest.WaitSeconds"/> for the first.</summary>
    public Task<ClaimAnswer> ClaimTasksAsync(ClaimRequest body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ClaimAnswer>(Routes.Claims, body, Waiting(call, body.WaitSeconds), ct);

    /// <summary>Assignments, newest first, a page at a time.</summary>
    public Task<Page<AssignmentInfo>> ListAssignmentsAsync(
        string? agent = null,
        string? task = null,
        string? status = null,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<AssignmentInfo>>(
            new Query(Routes.Assignments).Add("agent", agent).Add("task", task).Add("status", status).Page(cursor, limit), ct);

    /// <summary>One assignment by id.</summary>
    public Task<AssignmentInfo> GetAssignmentAsync(string id, CancellationToken ct = default) =>
        GetAsync<AssignmentInfo>(Query.At(Routes.Assignment, id), ct);

    /// <summary>Gives one ready task to one agent, past the queue.</summary>
    public Task<ClaimedTask> CreateAssignmentAsync(CreateAssignment body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ClaimedTask>(Routes.Assignments, body, call, ct);

    /// <summary>Says how far an attempt is. Needs its lease.</summary>
    public Task<AssignmentInfo> ReportAssignmentProgressAsync(
        string id,
        AssignmentProgress body,
        CallOptions? call = null,
        CancellationToken ct = default) =>
        PatchAsync<AssignmentInfo>(Query.At(Routes.AssignmentProgress, id), body, call, ct);

    /// <summary>Hands the work in. Needs the lease; sending it again is harmless.</summary>
    public Task<AssignmentInfo> CompleteAssignmentAsync(
        string id,
        CompleteAssignment body,
        CallOptions? call = null,
        CancellationToken ct = default) =>
        PostAsync<AssignmentInfo>(Query.At(Routes.AssignmentComplete, id), body, call, ct);

    /// <summary>Says that an attempt failed. Needs its lease.</summary>
    public Task<AssignmentInfo> FailAssignmentAsync(
        string id,
        FailAssignment body,
        CallOptions? call = null,
        CancellationToken ct = default) =>
        PostAsync<AssignmentInfo>(Query.At(Routes.AssignmentFail, id), body, call, ct);

    /// <summary>Hands the task back without blame. Needs its lease.</summary>
    public Task<AssignmentInfo> ReleaseAssignmentAsync(
        string id,
        ReleaseAssignment body,
        CallOptions? call = null,
        CancellationToken ct = default) =>
        PostAsync<AssignmentInfo>(Query.At(Routes.AssignmentRelease, id), body, call, ct);

    /// <summary>
    /// Adds a piece to an attempt's log at its offset. Needs its lease; a piece that is there already is ignored. The answer's <see
    /// cref="LogText.Next"/> is the log's length.
    /// </summary>
    public Task<LogText> AppendAssignmentLogAsync(string id, AppendLog body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<LogText>(Query.At(Routes.AssignmentLog, id), body, call, ct);

    /// <summary>Log of an attempt, from the character <paramref name="after"/> on.</summary>
    public Task<LogText> GetAssignmentLogAsync(string id, long? after = null, CancellationToken ct = default) =>
        GetAsync<LogText>(new Query(Query.At(Routes.AssignmentLog, id)).Add("after", after), ct);
}
