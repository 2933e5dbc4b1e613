using Dapper;
using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tools;

/// <summary>Versions of a tool, and what is decided about them.</summary>
internal static class ToolVersionsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.ToolVersions, List).WithName("ListToolVersions").Admit(Access.Read);
        routes.MapPost(Routes.ToolVersions, Create).WithName("CreateToolVersion").Admit(Access.Work);
        routes.MapGet(Routes.ToolVersion, Get).WithName("GetToolVersion").Admit(Access.Read);
        routes.MapPost(Routes.ToolTest, Test).WithName("TestTool").Admit(Access.Steer);
        routes.MapPost(Routes.ToolApprove, Approve).WithName("ApproveTool").Admit(Access.Steer);
        routes.MapPost(Routes.ToolRetire, Retire).WithName("RetireTool").Admit(Access.Steer);
    }

    private static async Task<Page<ToolVersionInfo>> List(string id, Store store, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        if (!int.TryParse(Paging.Decode(cursor) ?? $"{int.MaxValue}", out var before)) throw Refusal.Invalid("cursor", "Pass the value of 'next' from the page before, unchanged.");
        var rows = await store.ReadAsync(async c =>
        {
            var tool = await c.QueryFirstOrDefaultAsync<ToolRow>(ToolRow.ByIdOrName, new { id }) ?? throw Refusal.NotFound("tool", id);
            return (await c.QueryAsync<ToolVersionRow>(ToolVersionRow.Select + " WHERE v.tool_id = @Id AND v.version < @before ORDER BY v.version DESC LIMIT @rows", new { tool.Id, before, rows = take + 1 })).AsList();
        }, ct);
        return Paging.Page(rows, take, r => $"{r.Version}", r => r.ToInfo());
    }

    private static Task<ToolVersionInfo> Create(string id, ToolPackage body, HttpContext http, Store store, ToolLifecycle lifecycle, Writes writes, CancellationToken ct)
    {
        ToolCheck.Require(body);
        return writes.RunAsync(body, tx =>
        {
            var (task, by) = ToolsApi.Maker(tx, store, http);
            var tool = ToolRow.Get(tx, id);
            ToolsApi.RequireName(tool, body);
            var after = lifecycle.Draft(tx, tool, body, by, task);
            return ToolVersionRow.Get(tx, after, after.Version).ToInfo();
        }, ct);
    }

    private static async Task<ToolVersionInfo> Get(string id, int version, Store store, CancellationToken ct)
    {
        var row = await store.ReadAsync(async c =>
        {
            var tool = await c.QueryFirstOrDefaultAsync<ToolRow>(ToolRow.ByIdOrName, new { id }) ?? throw Refusal.NotFound("tool", id);
            return await c.QueryFirstOrDefaultAsync<ToolVersionRow>(ToolVersionRow.One, new { toolId = tool.Id, version }) ?? throw Refusal.NotFound("version of the tool", $"{tool.Name} {version}");
        }, ct);
        return row.ToInfo();
    }

    private static Task<ToolInfo> Test(string id, TestTool body, ToolLifecycle lifecycle, Writes writes, CancellationToken ct) => writes.RunAsync(body, tx =>
    {
        var tool = ToolRow.Get(tx, id);
        return lifecycle.TestAgain(tx, tool, body.Version ?? tool.Version).ToInfo();
    }, ct);

    private static Task<ToolInfo> Approve(string id, ApproveTool body, HttpContext http, ToolLifecycle lifecycle, Writes writes, CancellationToken ct)
    {
        new Checked().Line(body.Hash, "hash", 64).Text(body.Reason, "reason", 1000, required: false).ThrowIfWrong();
        return writes.RunAsync(body, tx => lifecycle.Approve(tx, ToolRow.Get(tx, id), body.Version, body.Hash, http.Principal().Name, body.Reason).ToInfo(), ct);
    }

    private static Task<ToolInfo> Retire(string id, RetireTool body, HttpContext http, ToolLifecycle lifecycle, Writes writes, CancellationToken ct)
    {
        new Checked().Text(body.Reason, "reason", 1000, required: false).ThrowIfWrong();
        return writes.RunAsync(body, tx => lifecycle.Retire(tx, ToolRow.Get(tx, id), body.Version, http.Principal().Name, body.Reason).ToInfo(), ct);
    }
}
