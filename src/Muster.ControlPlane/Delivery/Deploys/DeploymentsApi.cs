using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Deploys;

internal static class DeploymentsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Deployments, List).WithName("ListDeployments").Admit(Access.Read);
        routes.MapGet(Routes.Deployment, Get).WithName("GetDeployment").Admit(Access.Read);
        routes.MapPost(Routes.Deployments, Create).WithName("CreateDeployment").Admit(Access.Steer);
    }

    private static async Task<Page<DeploymentInfo>> List(Store store, string? project, string? environment, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var before = Paging.Decode(cursor);
        var rows = await store.ReadAsync(async c =>
        {
            var projectId = project is null ? null : (await ProjectReads.FindAsync(c, project) ?? throw Refusal.NotFound("project", project)).Id;
            return (await c.QueryAsync<DeploymentRow>(
                DeploymentRow.Select + Asked.Where((projectId, "d.project_id = @projectId"), (environment, "d.environment = @environment"), (before, "d.id < @before")) + " ORDER BY d.id DESC LIMIT @rows",
                new { projectId, environment, before, rows = take + 1 })).AsList();
        }, ct);
        return Paging.Page(rows, take, r => r.Id, r => r.ToInfo());
    }

    private static async Task<DeploymentInfo> Get(string id, Store store, CancellationToken ct) =>
        (await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<DeploymentRow>(DeploymentRow.Select + " WHERE d.id = @id", new { id = id.ToLowerInvariant() }), ct)
            ?? throw Refusal.NotFound("deployment", id)).ToInfo();

    private static async Task<Created<DeploymentInfo>> Create(CreateDeployment body, CreateDeploymentOperation create, CancellationToken ct)
    {
        var made = await create.RunAsync(body, ct);
        return TypedResults.Created(Routes.With(Routes.Deployment, made.Id), made);
    }
}
