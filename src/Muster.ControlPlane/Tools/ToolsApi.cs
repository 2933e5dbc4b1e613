using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Security;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tools;

/// <summary>The registry: tools, and new ones as drafts.</summary>
internal static class ToolsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Tools, List).WithName("ListTools").Admit(Access.Read);
        routes.MapPost(Routes.Tools, Create).WithName("CreateTool").Admit(Access.Work);
        routes.MapGet(Routes.Tool, Get).WithName("GetTool").Admit(Access.Read);
        routes.MapPatch(Routes.Tool, Update).WithName("UpdateTool").Admit(Access.Work);
        routes.MapDelete(Routes.Tool, Delete).WithName("DeleteTool").Admit(Access.Steer);
    }

    private static async Task<Page<ToolInfo>> List(Store store, string? status, string? cursor, int? limit, CancellationToken ct)
    {
        new Checked().Require(status is null || ToolStates.All.Contains(status), "status", $"status is one of {string.Join(", ", ToolStates.All)}.").ThrowIfWrong();
        var take = Paging.Limit(limit);
        var rows = (await store.ReadAsync(c => c.QueryAsync<ToolRow>(
            """
            SELECT * FROM tools
             WHERE (@status IS NULL OR (CASE WHEN hash IS NULL THEN 'draft' ELSE status END) = @status OR (@status = 'approved' AND approved_version IS NOT NULL)) AND name > @after
             ORDER BY name LIMIT @limit
            """, new { status, after = Paging.Decode(cursor) ?? "", limit = take + 1 }), ct)).AsList();
        return Paging.Page(rows, take, r => r.Name, r => r.ToInfo());
    }

    private static async Task<ToolInfo> Get(string id, Store store, CancellationToken ct) =>
        (await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ToolRow>(ToolRow.ByIdOrName, new { id }), ct) ?? throw Refusal.NotFound("tool", id)).ToInfo();

    private static async Task<Created<ToolInfo>> Create(ToolPackage body, HttpContext http, Store store, ToolLifecycle lifecycle, Writes writes, CancellationToken ct)
    {
        ToolCheck.Require(body);
        var info = await writes.RunAsync(body, tx =>
        {
            var (task, by) = Maker(tx, store, http);
            if (tx.QueryFirst<ToolRow>(ToolRow.ByIdOrName, new { id = body.Manifest.Name }) is { } there)
            {
                // From before tools had tests: this is its first version that can be anything.
                if (there.Hash is null) return lifecycle.Draft(tx, there, body, by, task).ToInfo();
                throw new Refusal(409, ProblemCodes.Duplicate, $"There is a tool '{there.Name}' already. A new version of it: POST {Routes.With(Routes.ToolVersions, there.Name)}.");
            }

            return lifecycle.Draft(tx, null, body, by, task).ToInfo();
        }, ct);
        return TypedResults.Created(Routes.With(Routes.Tool, info.Id), info);
    }

    /// <summary>The newest version with something changed, as a new draft: whatever was said of the old one does not hold for it.</summary>
    private static async Task<ToolInfo> Update(string id, UpdateTool body, HttpContext http, Store store, ToolLifecycle lifecycle, Writes writes, CancellationToken ct) =>
        await writes.RunAsync(body, tx =>
        {
            var (task, by) = Maker(tx, store, http);
            var tool = ToolRow.Get(tx, id);
            if (tool.Hash is null) throw Refusal.WrongState($"{tool.Name} was added before tools had tests. Add it anew with its tests.");
            var before = ToolVersionRow.Get(tx, tool, tool.Version).Read();
            var package = before with { Manifest = body.Manifest ?? before.Manifest, Source = body.Source ?? before.Source, Tests = body.Tests ?? before.Tests };
            ToolCheck.Require(package);
            RequireName(tool, package);
            return lifecycle.Draft(tx, tool, package, by, task).ToInfo();
        }, ct);

    private static async Task<NoContent> Delete(string id, Writes writes, CancellationToken ct)
    {
        await writes.RunAsync(null, tx =>
        {
            var row = ToolRow.Get(tx, id);
            if (row.ApprovedVersion is { } version) throw Refusal.WrongState($"Agents have version {version} of {row.Name}. Retire it first: muster tool retire {row.Name}.");
            tx.ExecuteOne("DELETE FROM tools WHERE id = @Id", new { row.Id });
            tx.Emit(EventTypes.ToolDeleted, $"Tool {row.Name} was deleted", data: new { tool = row.Name });
            return row.Id;
        }, ct);
        return TypedResults.NoContent();
    }

    internal static void RequireName(ToolRow tool, ToolPackage package)
    {
        if (package.Manifest.Name != tool.Name) throw Refusal.Invalid("manifest.name", $"A version of {tool.Name} has that name. Another name is another tool.");
    }

    /// <summary>An agent makes tools only in an attempt that is current.</summary>
    internal static (TaskRow? Task, string By) Maker(StoreTransaction tx, Store store, HttpContext http)
    {
        var (principal, lease) = (http.Principal(), Leases.Header(http));
        var task = principal.Scope == Scopes.Agent || lease is not null ? Leases.Require(tx, store, lease) : null;
        return (task, task?.AgentName ?? principal.Name);
    }
}
