using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Delivery.Epics;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Queue;

internal static class QueueApi
{
    private const int MaxBranches = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.MergeQueue, List).WithName("ListMergeQueue").Admit(Access.Read);
        routes.MapDelete(Routes.MergeQueueEntry, Remove).WithName("RemoveFromMergeQueue").Admit(Access.Steer);
        routes.MapGet(Routes.Branches, Branches).WithName("ListBranches").Admit(Access.Read);
    }

    private static async Task<IReadOnlyList<QueueEntry>> List(Store store, string? project, CancellationToken ct) => await store.ReadAsync(async c =>
    {
        var projectId = project is null ? null : (await ProjectReads.FindAsync(c, project) ?? throw Refusal.NotFound("project", project)).Id;
        var rows = await c.QueryAsync<QueueRow>(QueueRow.Select + " WHERE @projectId IS NULL OR q.project_id = @projectId ORDER BY q.project_id, q.target, q.position LIMIT 1000", new { projectId });
        var epics = await c.QueryAsync<EpicMergeRow>(
            EpicMergeRow.Select + " WHERE (@projectId IS NULL OR m.project_id = @projectId) AND m.state IN ('waiting', 'checking', 'blocked') ORDER BY m.epic_id LIMIT 1000", new { projectId });
        // Each line in its order; what is blocked stands in none and comes last.
        return rows.Select(r => r.ToInfo()).Concat(epics.Select(e => e.ToInfo()))
            .OrderBy(e => e.Project, StringComparer.Ordinal).ThenBy(e => e.Target, StringComparer.Ordinal).ThenBy(e => e.Position == 0 ? int.MaxValue : e.Position).ToList();
    }, ct);

    private static async Task<NoContent> Remove(string id, HttpContext http, RemoveFromQueue remove, CancellationToken ct)
    {
        await remove.RunAsync(id, http.Principal(), ct);
        return TypedResults.NoContent();
    }

    private static async Task<IReadOnlyList<BranchInfo>> Branches(Store store, IRepositories repositories, Targets targets, string? project, CancellationToken ct)
    {
        var projects = await store.ReadAsync(async c => project is null
            ? (await c.QueryAsync<ProjectRow>(ProjectRow.Select + " WHERE repository IS NOT NULL ORDER BY key")).AsList()
            : [await ProjectReads.FindAsync(c, project) ?? throw Refusal.NotFound("project", project)], ct);
        var branches = new List<BranchInfo>();
        foreach (var row in projects)
        {
            if (repositories.Open(row.Id) is not { } repository || targets.Sha(row.Id) is not { } target) continue;
            foreach (var fact in await repository.BranchesAsync(target, MaxBranches, ct)) branches.Add(ToInfo(row, fact));
        }

        return branches;
    }

    private static BranchInfo ToInfo(ProjectRow project, BranchFact fact)
    {
        var (kind, agent, task) = BranchNames.Read(fact.Ref, project.TargetBranch);
        return new BranchInfo
        {
            Project = project.Key,
            Name = fact.Ref.StartsWith(BranchNames.Heads, StringComparison.Ordinal) ? fact.Ref[BranchNames.Heads.Length..] : fact.Ref,
            Sha = fact.Sha,
            Kind = kind,
            Agent = agent,
            TaskKey = task,
            Ahead = fact.Ahead,
            Behind = fact.Behind,
            Merged = kind != "target" && fact.Ahead == 0,
            CommittedAt = fact.CommittedAt,
        };
    }
}
