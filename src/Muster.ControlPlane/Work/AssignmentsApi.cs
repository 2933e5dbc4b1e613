using Dapper;
using Muster.Contracts;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

public static class AssignmentsApi
{
    public static void MapAssignments(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Assignments, List).WithName("ListAssignments").Admit(Access.Read);
        routes.MapGet(Routes.Assignment, Get).WithName("GetAssignment").Admit(Access.Read);
        routes.MapPatch(Routes.AssignmentProgress, Progress).WithName("ReportAssignmentProgress").Admit(Access.Work);
        routes.MapPost(Routes.AssignmentComplete, Complete).WithName("CompleteAssignment").Admit(Access.Work);
        routes.MapPost(Routes.AssignmentFail, Fail).WithName("FailAssignment").Admit(Access.Work);
        routes.MapPost(Routes.AssignmentRelease, Release).WithName("ReleaseAssignment").Admit(Access.Work);
    }

    private static async Task<Page<AssignmentInfo>> List(Store store, string? agent, string? task, string? status, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var after = Paging.Decode(cursor);
        var (lookup, named) = task is null ? (null, null) : TaskQueries.Lookup(task);
        var rows = await store.ReadAsync(async c =>
        {
            // Nothing was done for a task that is not there.
            var taskId = task is null ? null : (lookup is null ? null : await c.QueryFirstOrDefaultAsync<TaskRow>(lookup, named))?.Id ?? "";
            var asked = Asked.Where((agent, "(a.name = @agent OR a.id = @agent)"), (taskId, "s.task_id = @taskId"), (status, "s.status = @status"), (after, "s.id > @after"));
            return (await c.QueryAsync<AssignmentRow>($"{AssignmentRow.Select}{asked} ORDER BY s.id LIMIT @limit", new { agent, taskId, status, after, limit = take + 1 })).AsList();
        }, ct);
        return Paging.Page(rows, take, r => r.Id, r => r.ToInfo());
    }

    private static async Task<AssignmentInfo> Get(string id, Store store, CancellationToken ct) =>
        (await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<AssignmentRow>(AssignmentRow.Select + " WHERE s.id = @id", new { id }), ct)
            ?? throw Refusal.NotFound("assignment", id)).ToInfo();

    private static Task<AssignmentInfo> Progress(string id, AssignmentProgress body, HttpContext http, Store store, Writes writes, CancellationToken ct) =>
        writes.RunAsync(body, tx => ReportProgress.OnAssignment(tx, store, Leases.Header(http), http.Principal().Name, id, body), ct);

    private static Task<AssignmentInfo> Complete(string id, CompleteAssignment body, HttpContext http, Store store, CompleteAssignments completions, CancellationToken ct)
    {
        var lease = Leases.Header(http) ?? throw Refusal.LeaseRequired();
        Check(body);
        return store.WriteAsync(completions, new CompleteItem(LeaseToken.Read(lease, store.LeaseKey), id, body), ct);
    }

    /// <summary>Refuses a hand-in that cannot be taken, with every fault at once, before any of it is written.</summary>
    public static void Check(CompleteAssignment body)
    {
        new Checked()
            .Require(body.HeadSha is null || ReportProgress.IsSha(body.HeadSha), "headSha", "headSha is a full commit id in hexadecimal.")
            .Text(body.Summary, "summary", 10_000, required: false)
            .Require(body.Evidence is null or { Count: <= 100 }, "evidence", "At most 100 pieces of evidence.")
            .ThrowIfWrong();
        EndAssignment.Check(body);
    }

    private static Task<AssignmentInfo> Fail(string id, FailAssignment body, HttpContext http, Store store, Writes writes, CancellationToken ct)
    {
        new Checked().Text(body.Reason, "reason", 5000).ThrowIfWrong();
        return writes.RunAsync(body, tx => EndAssignment.Fail(tx, store, Leases.Header(http), id, body), ct);
    }

    private static Task<AssignmentInfo> Release(string id, ReleaseAssignment body, HttpContext http, Store store, Writes writes, CancellationToken ct)
    {
        new Checked().Text(body.Reason, "reason", 2000, required: false)
            .Require(body.WipSha is null || ReportProgress.IsSha(body.WipSha), "wipSha", "wipSha is a full commit id in hexadecimal.").ThrowIfWrong();
        Holds.Check(body);
        return writes.RunAsync(body, tx => EndAssignment.Release(tx, store, Leases.Header(http), id, body), ct);
    }
}
