using Dapper;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Jobs;

internal static class JobsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Jobs, List).WithName("ListJobs").Admit(Access.Read);
        routes.MapGet(Routes.Job, Get).WithName("GetJob").Admit(Access.Read);
        routes.MapPost(Routes.JobsClaim, Claim).WithName("ClaimJobs").Admit(Access.HostWork);
        routes.MapPost(Routes.JobReport, Report).WithName("ReportJob").Admit(Access.HostWork);
    }

    private static async Task<Page<JobInfo>> List(Store store, string? state, string? kind, string? project, string? task, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var before = Paging.Decode(cursor);
        var (taskSql, taskArgs) = task is null ? (null, null) : TaskQueries.Lookup(task);
        var rows = await store.ReadAsync(async c =>
        {
            var projectId = project is null ? null : (await ProjectReads.FindAsync(c, project) ?? throw Refusal.NotFound("project", project)).Id;
            var taskId = task is null ? null
                : (taskSql is null ? null : await c.QueryFirstOrDefaultAsync<TaskRow>(taskSql, taskArgs))?.Id ?? throw Refusal.NotFound("task", task);
            return (await c.QueryAsync<JobRow>(
                JobRow.Select + Asked.Where((state, "j.state = @state"), (kind, "j.kind = @kind"), (projectId, "j.project_id = @projectId"), (taskId, "j.task_id = @taskId"), (before, "j.id < @before")) + " ORDER BY j.id DESC LIMIT @rows",
                new { state, kind, projectId, taskId, before, rows = take + 1 })).AsList();
        }, ct);
        return Paging.Page(rows, take, r => r.Id, r => r.ToInfo());
    }

    private static async Task<JobInfo> Get(string id, Store store, CancellationToken ct) =>
        (await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<JobRow>(JobRow.Select + " WHERE j.id = @id", new { id = id.ToLowerInvariant() }), ct)
            ?? throw Refusal.NotFound("job", id)).ToInfo();

    private static Task<JobClaimAnswer> Claim(JobClaimRequest body, HttpContext http, ClaimJobs claims, Writes writes, CancellationToken ct) =>
        claims.RunAsync(body, http.Principal(), writes, ct);

    private static Task<JobInfo> Report(string id, JobReport body, HttpContext http, ReportJob report, Writes writes, CancellationToken ct) =>
        writes.RunAsync(body, tx => report.Run(tx, id, Leases.Header(http), body), ct);
}
