using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Work;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Epics by project and number, a page at a time.</summary>
    public Task<Page<EpicInfo>> ListEpicsAsync(
        string? project = null,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<EpicInfo>>(new Query(Routes.Epics).Add("project", project).Page(cursor, limit), ct);

    /// <summary>Adds an epic to a project's plan.</summary>
    public Task<EpicInfo> CreateEpicAsync(CreateEpic body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<EpicInfo>(Routes.Epics, body, call, ct);

    /// <summary>One epic by id.</summary>
    public Task<EpicInfo> GetEpicAsync(string id, CancellationToken ct = default) =>
        GetAsync<EpicInfo>(Query.At(Routes.Epic, id), ct);

    /// <summary>Changes what is not null.</summary>
    public Task<EpicInfo> UpdateEpicAsync(string id, UpdateEpic body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<EpicInfo>(Query.At(Routes.Epic, id), body, call, ct);

    /// <summary>Deletes an epic; its tasks stay, without one.</summary>
    public Task DeleteEpicAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.Epic, id), call, ct);
}
