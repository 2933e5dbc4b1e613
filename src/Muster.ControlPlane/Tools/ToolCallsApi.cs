using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tools;

/// <summary>What agents are offered, and the record of each use.</summary>
internal static class ToolCallsApi
{
    /// <summary>Tools that agents are told of at once; a model cannot choose among more.</summary>
    private const int MostOffered = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.ToolsOffered, Offered).WithName("ListOfferedTools").Admit(Access.Read);
        routes.MapPost(Routes.ToolRun, Run).WithName("RunTool").Admit(Access.Work);
        routes.MapPost(Routes.ToolCalls, Start).WithName("StartToolCall").Admit(Access.Work);
        routes.MapGet(Routes.ToolCalls, List).WithName("ListToolCalls").Admit(Access.Read);
        routes.MapPatch(Routes.ToolCall, End).WithName("EndToolCall").Admit(Access.Work);
    }

    private static async Task<IReadOnlyList<OfferedTool>> Offered(Store store, CancellationToken ct)
    {
        var rows = await store.ReadAsync(c => c.QueryAsync<ToolVersionRow>(ToolVersionRow.Select + " WHERE v.status = 'approved' ORDER BY t.name LIMIT @MostOffered", new { MostOffered }), ct);
        return [.. rows.Select(row => (Row: row, row.Read().Manifest)).Select(tool => new OfferedTool
        {
            Name = tool.Row.Name,
            Description = tool.Manifest.Description,
            Version = tool.Row.Version,
            Hash = tool.Row.Hash,
            InputSchema = tool.Manifest.InputSchema,
            Permissions = tool.Manifest.Permissions,
        })];
    }

    private static Task<ToolOutcome> Run(string id, RunTool body, HttpContext http, RunToolOnce run, CancellationToken ct) => run.RunAsync(id, body, http.Principal(), Leases.Header(http), ct);

    /// <summary>Only in an attempt that is current: what it leads to is run on the attempt's host, in its workspace.</summary>
    private static async Task<Created<StartedToolCall>> Start(string id, StartToolCall body, HttpContext http, Store store, ToolCalls calls, CancellationToken ct)
    {
        new Checked().Line(body.Hash, "hash", 64, required: false).Require(body.InputBytes >= 0, "inputBytes", "inputBytes is not negative.").ThrowIfWrong();
        var (call, tampered) = await store.WriteAsync(tx =>
        {
            var task = Leases.Require(tx, store, Leases.Header(http));
            return calls.Start(tx, ToolRow.Get(tx, id), body.Hash, body.InputBytes, task, task.AgentName ?? http.Principal().Name);
        }, ct);
        if (call is null) throw ToolCalls.TamperedWith(tampered!);
        return TypedResults.Created(Routes.With(Routes.ToolCall, call.Id), new StartedToolCall { Id = call.Id, Tool = call.Tool, Version = call.Version, Hash = call.Hash });
    }

    private static async Task<Page<ToolCallInfo>> List(string id, Store store, string? task, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var before = Paging.Decode(cursor);
        var taskId = task is null ? null : (await TaskQueries.GetAsync(store, task, ct)).Id;
        var rows = await store.ReadAsync(async c =>
        {
            var tool = await c.QueryFirstOrDefaultAsync<ToolRow>(ToolRow.ByIdOrName, new { id }) ?? throw Refusal.NotFound("tool", id);
            return (await c.QueryAsync<ToolCallRow>(
                ToolCallRow.Select + Asked.Where((tool.Id, "c.tool_id = @Id"), (taskId, "c.task_id = @taskId"), (before, "c.id < @before")) + " ORDER BY c.id DESC LIMIT @rows",
                new { tool.Id, taskId, before, rows = take + 1 })).AsList();
        }, ct);
        return Paging.Page(rows, take, r => r.Id, r => r.ToInfo());
    }

    private static Task<ToolCallInfo> End(string id, EndToolCall body, HttpContext http, Store store, ToolCalls calls, Writes writes, CancellationToken ct)
    {
        ToolCalls.Require(body.Outcome);
        return writes.RunAsync(body, tx =>
        {
            var task = Leases.Require(tx, store, Leases.Header(http));
            var call = tx.QueryFirst<ToolCallRow>("SELECT * FROM tool_calls WHERE id = @id", new { id = id.ToLowerInvariant() }) ?? throw Refusal.NotFound("call of a tool", id);
            if (call.AssignmentId != task.AssignmentId) throw Refusal.LeaseLost();
            calls.End(tx, call.Id, body);
            return tx.QueryFirst<ToolCallRow>(ToolCallRow.Select + " WHERE c.id = @Id", new { call.Id })!.ToInfo();
        }, ct);
    }
}
