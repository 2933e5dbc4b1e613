using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Pulls;

internal static class PullsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Pulls, List).WithName("ListPulls").Admit(Access.Read);
        routes.MapGet(Routes.Pull, Get).WithName("GetPull").Admit(Access.Read);
        routes.MapGet(Routes.PullDiff, Diff).WithName("GetPullDiff").Admit(Access.Read);
        routes.MapPost(Routes.PullReviews, Review).WithName("CreateReview").Admit(Access.Work);
        routes.MapPost(Routes.PullClose, Close).WithName("ClosePull").Admit(Access.Steer);
    }

    private static Task<Page<PullInfo>> List(Store store, string? project, string? state, string? task, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var before = Paging.Decode(cursor);
        var (taskSql, taskArgs) = task is null ? (null, null) : TaskQueries.Lookup(task);
        return store.ReadAsync(async c =>
        {
            var projectId = project is null ? null : (await ProjectReads.FindAsync(c, project) ?? throw Refusal.NotFound("project", project)).Id;
            var taskId = task is null ? null
                : (taskSql is null ? null : await c.QueryFirstOrDefaultAsync<TaskRow>(taskSql, taskArgs))?.Id ?? throw Refusal.NotFound("task", task);
            var rows = (await c.QueryAsync<PullRow>(
                PullRow.Select + Asked.Where((state, "u.state = @state"), (projectId, "u.project_id = @projectId"), (taskId, "u.task_id = @taskId"), (before, "u.id < @before")) + " ORDER BY u.id DESC LIMIT @rows",
                new { state, projectId, taskId, before, rows = take + 1 })).AsList();
            var page = new List<PullInfo>();
            foreach (var row in rows.Take(take)) page.Add(await PullQueries.ReadAsync(c, row));
            return new Page<PullInfo> { Items = page, Next = rows.Count > take ? Paging.Encode(rows[take - 1].Id) : null };
        }, ct);
    }

    private static Task<PullInfo> Get(string id, Store store, CancellationToken ct) =>
        store.ReadAsync(async c => await PullQueries.ReadAsync(c, await PullQueries.GetAsync(c, id)), ct);

    private static async Task<DiffText> Diff(string id, Store store, IRepositories repositories, IOptions<DeliveryOptions> options, CancellationToken ct)
    {
        var pull = await store.ReadAsync(c => PullQueries.GetAsync(c, id), ct);
        var repository = repositories.Open(pull.ProjectId) ?? throw Refusal.NotFound("mirror of project", pull.ProjectKey);
        // Of a merged one, the point where it left the target is found from before the merge.
        var revision = pull.MergeSha is not null && pull.MergeSha != pull.HeadSha ? pull.MergeSha + "^1" : BranchNames.Heads + pull.Base;
        var target = await repository.ResolveAsync(revision, ct);
        var from = target is null ? null : await repository.MergeBaseAsync(target, pull.HeadSha, ct);
        if (from is null) throw Refusal.WrongState($"{pull.Name} has nothing in common with {pull.Base} that it could be compared with.");
        var (text, truncated) = await repository.DiffAsync(from, pull.HeadSha, options.Value.MaxDiffBytes, ct);
        return new DiffText { BaseSha = from, HeadSha = pull.HeadSha, Diff = text, Truncated = truncated };
    }

    private static async Task<PullInfo> Review(string id, CreateReview body, HttpContext http, Store store, Writes writes, CancellationToken ct)
    {
        await writes.RunAsync(body, tx => ReviewPull.Run(tx, id, body, http.Principal()), ct);
        return await Get(id, store, ct);
    }

    private static async Task<PullInfo> Close(string id, Reason? body, HttpContext http, Store store, Writes writes, CancellationToken ct)
    {
        var closed = await writes.RunAsync(body, tx => ClosePullOperation.Run(tx, id, body, http.Principal()).Id, ct);
        return await Get(closed, store, ct);
    }
}
