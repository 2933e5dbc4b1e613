using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Models;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Calls of models, newest first, a page at a time.</summary>
    public Task<Page<ModelUsageInfo>> ListModelUsageAsync(
        string? task = null,
        string? agent = null,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<ModelUsageInfo>>(new Query(Routes.ModelUsage).Add("task", task).Add("agent", agent).Page(cursor, limit), ct);

    /// <summary>Records one call of a model.</summary>
    public Task<ModelUsageInfo> CreateModelUsageAsync(CreateModelUsage body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ModelUsageInfo>(Routes.ModelUsage, body, call, ct);

    /// <summary>One call of a model by id.</summary>
    public Task<ModelUsageInfo> GetModelUsageAsync(string id, CancellationToken ct = default) =>
        GetAsync<ModelUsageInfo>(Query.At(Routes.ModelUsageEntry, id), ct);

    /// <summary>Corrects what was recorded.</summary>
    public Task<ModelUsageInfo> UpdateModelUsageAsync(
        string id,
        UpdateModelUsage body,
        CallOptions? call = null,
        CancellationToken ct = default) =>
        PatchAsync<ModelUsageInfo>(Query.At(Routes.ModelUsageEntry, id), body, call, ct);

    /// <summary>Deletes what was recorded of one call.</summary>
    public Task DeleteModelUsageAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.ModelUsageEntry, id), call, ct);
}
