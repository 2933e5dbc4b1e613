using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Tools;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Tools by name, a page at a time.</summary>
    /// <param name="status">Only those whose newest version stands there; <c>approved</c> are those that agents have.</param>
    /// <param name="cursor">Next of the page before.</param>
    /// <param name="limit">Most of one page.</param>
    /// <param name="ct">Ends the wait.</param>
    public Task<Page<ToolInfo>> ListToolsAsync(string? status = null, string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<ToolInfo>>(new Query(Routes.Tools).Add("status", status).Page(cursor, limit), ct);

    /// <summary>Adds a tool as a draft, and has its tests run on a host. An agent sends its lease.</summary>
    public Task<ToolInfo> CreateToolAsync(ToolPackage body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ToolInfo>(Routes.Tools, body, call, ct);

    /// <summary>One tool by id or name.</summary>
    public Task<ToolInfo> GetToolAsync(string id, CancellationToken ct = default) =>
        GetAsync<ToolInfo>(Query.At(Routes.Tool, id), ct);

    /// <summary>Makes a new draft of the newest version with what is not null changed.</summary>
    public Task<ToolInfo> UpdateToolAsync(string id, UpdateTool body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<ToolInfo>(Query.At(Routes.Tool, id), body, call, ct);

    /// <summary>Deletes a tool that agents do not have.</summary>
    public Task DeleteToolAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.Tool, id), call, ct);

    /// <summary>Versions of a tool, newest first, a page at a time.</summary>
    public Task<Page<ToolVersionInfo>> ListToolVersionsAsync(string id, string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<ToolVersionInfo>>(new Query(Query.At(Routes.ToolVersions, id)).Page(cursor, limit), ct);

    /// <summary>Adds a version of a tool as a draft, and has its tests run on a host.</summary>
    public Task<ToolVersionInfo> CreateToolVersionAsync(string id, ToolPackage body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ToolVersionInfo>(Query.At(Routes.ToolVersions, id), body, call, ct);

    /// <summary>One version of a tool: all that it is made of, how its tests ended, what its source seems to touch.</summary>
    public Task<ToolVersionInfo> GetToolVersionAsync(string id, int version, CancellationToken ct = default) =>
        GetAsync<ToolVersionInfo>(Routes.With(Routes.ToolVersion, id, version.ToString(System.Globalization.CultureInfo.InvariantCulture)), ct);

    /// <summary>Has the tests of a version run once more.</summary>
    public Task<ToolInfo> TestToolAsync(string id, TestTool body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ToolInfo>(Query.At(Routes.ToolTest, id), body, call, ct);

    /// <summary>Offers a tested version to every agent; it takes the place of the one before.</summary>
    public Task<ToolInfo> ApproveToolAsync(string id, ApproveTool body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ToolInfo>(Query.At(Routes.ToolApprove, id), body, call, ct);

    /// <summary>Takes a version, or all of them, from agents for good.</summary>
    public Task<ToolInfo> RetireToolAsync(string id, RetireTool body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ToolInfo>(Query.At(Routes.ToolRetire, id), body, call, ct);

    /// <summary>The approved tools, as agents have them.</summary>
    public Task<IReadOnlyList<OfferedTool>> ListOfferedToolsAsync(CancellationToken ct = default) =>
        GetAsync<IReadOnlyList<OfferedTool>>(Routes.ToolsOffered, ct);

    /// <summary>Has a host run an approved tool once, and waits for the result.</summary>
    public Task<ToolOutcome> RunToolAsync(string id, RunTool body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ToolOutcome>(Query.At(Routes.ToolRun, id), body, Waiting(call, body.WaitSeconds), ct);

    /// <summary>Asks leave to run the approved version of a tool once, here. Needs the lease of an attempt.</summary>
    public Task<StartedToolCall> StartToolCallAsync(string id, StartToolCall body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<StartedToolCall>(Query.At(Routes.ToolCalls, id), body, call, ct);

    /// <summary>Says how a call ended. Needs the same lease.</summary>
    public Task<ToolCallInfo> EndToolCallAsync(string id, EndToolCall body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<ToolCallInfo>(Query.At(Routes.ToolCall, id), body, call, ct);

    /// <summary>Uses of a tool, newest first, a page at a time.</summary>
    public Task<Page<ToolCallInfo>> ListToolCallsAsync(string id, string? task = null, string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<ToolCallInfo>>(new Query(Query.At(Routes.ToolCalls, id)).Add("task", task).Page(cursor, limit), ct);

    /// <summary>Takes a tool to run in this host's sandbox; waits up to <see cref="ToolJobClaim.WaitSeconds"/> for one.</summary>
    public Task<ToolJobAnswer> ClaimToolJobAsync(ToolJobClaim body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ToolJobAnswer>(Routes.ToolJobsClaim, body, Waiting(call, body.WaitSeconds), ct);

    /// <summary>Says how the tests or the run ended. Needs the job's lease.</summary>
    public Task ReportToolJobAsync(string id, ToolJobReport body, CallOptions? call = null, CancellationToken ct = default) =>
        NothingAsync(HttpMethod.Post, Query.At(Routes.ToolJobReport, id), body, call, ct);
}
