using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Tools;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Tools by name, a page at a time.</summary>
    public Task<Page<ToolInfo>> ListToolsAsync(string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<ToolInfo>>(new Query(Routes.Tools).Page(cursor, limit), ct);

    /// <summary>Adds a tool as a draft.</summary>
    public Task<ToolInfo> CreateToolAsync(CreateTool body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ToolInfo>(Routes.Tools, body, call, ct);

    /// <summary>One tool by id or name.</summary>
    public Task<ToolInfo> GetToolAsync(string id, CancellationToken ct = default) =>
        GetAsync<ToolInfo>(Query.At(Routes.Tool, id), ct);

    /// <summary>Changes what is not null.</summary>
    public Task<ToolInfo> UpdateToolAsync(string id, UpdateTool body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<ToolInfo>(Query.At(Routes.Tool, id), body, call, ct);

    /// <summary>Deletes a tool.</summary>
    public Task DeleteToolAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.Tool, id), call, ct);
}
