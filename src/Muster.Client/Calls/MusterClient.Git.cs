using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Delivery;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>The merge queue in its order.</summary>
    public Task<IReadOnlyList<QueueEntry>> ListMergeQueueAsync(string? project = null, CancellationToken ct = default) =>
        GetAsync<IReadOnlyList<QueueEntry>>(new Query(Routes.MergeQueue).Add("project", project), ct);

    /// <summary>Takes an entry out of the merge queue; its task goes back with the reason.</summary>
    public Task RemoveFromMergeQueueAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.MergeQueueEntry, id), call, ct);

    /// <summary>Branches that the plane follows.</summary>
    public Task<IReadOnlyList<BranchInfo>> ListBranchesAsync(string? project = null, CancellationToken ct = default) =>
        GetAsync<IReadOnlyList<BranchInfo>>(new Query(Routes.Branches).Add("project", project), ct);

    /// <summary>Attaches proof to a task. It counts once the plane has seen it for itself.</summary>
    public Task<EvidenceInfo> AddEvidenceAsync(CreateEvidence body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<EvidenceInfo>(Routes.Evidence, body, call, ct);

    /// <summary>Proof attached to a task, by id or key.</summary>
    public Task<IReadOnlyList<EvidenceInfo>> ListEvidenceAsync(string taskId, CancellationToken ct = default) =>
        GetAsync<IReadOnlyList<EvidenceInfo>>(Query.At(Routes.TaskEvidence, taskId), ct);
}
