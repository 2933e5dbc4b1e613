using System.Text.Json;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Muster.Contracts;
using Muster.Contracts.Tools;

namespace Muster.ControlPlane.Mcp.Tools;

/// <summary>
/// The fleet's approved tools as tools of this server, whichever they are at the moment. The plane runs none of them: a host does, in
/// its sandbox. Those that work on a workspace are offered to agents on hosts only.
/// </summary>
internal static class ApprovedTools
{
    private const string Prefix = "fleet__";

    public static void AddTo(McpServerOptions options)
    {
        options.Filters.Request.ListToolsFilters.Add(next => async (request, ct) =>
        {
            var result = await next(request, ct);
            // Behind the last page of the server's own.
            if (result.NextCursor is not null) return result;
            foreach (var tool in await OfferedAsync(request.Plane(), ct)) result.Tools.Add(new Tool { Name = Prefix + tool.Name, Description = tool.Description, InputSchema = tool.InputSchema });
            return result;
        });
        options.Filters.Request.CallToolFilters.Add(next => (request, ct) =>
            request.Params?.Name is { } name && name.StartsWith(Prefix, StringComparison.Ordinal) ? RunAsync(request, name[Prefix.Length..], ct) : next(request, ct));
    }

    private static async Task<IEnumerable<OfferedTool>> OfferedAsync(IPlaneCalls plane, CancellationToken ct) =>
        (await plane.GetAsync<IReadOnlyList<OfferedTool>>(Routes.ToolsOffered, ct)).Where(tool => tool.Permissions.Files == ToolFiles.None);

    private static async ValueTask<CallToolResult> RunAsync(RequestContext<CallToolRequestParams> request, string name, CancellationToken ct)
    {
        var input = JsonSerializer.SerializeToElement(request.Params?.Arguments ?? new Dictionary<string, JsonElement>(StringComparer.Ordinal));
        var outcome = await request.Plane().PostAsync<ToolOutcome>(Routes.With(Routes.ToolRun, name), new RunTool { Input = input }, null, ct);
        return outcome is { Outcome: ToolOutcomes.Ok, Output: { } output }
            ? new CallToolResult { Content = [new TextContentBlock { Text = Bounds.Cut(output.GetRawText()) }] }
            : new CallToolResult { IsError = true, Content = [new TextContentBlock { Text = Bounds.Cut($"{outcome.Outcome}: {outcome.Detail}") }] };
    }
}
