using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Progress;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>How much waits for a person's word or hand.</summary>
    public Task<NeedsCount> GetNeedsAsync(CancellationToken ct = default) => GetAsync<NeedsCount>(Routes.ProgressNeeds, ct);

    /// <summary>How far every project is.</summary>
    public Task<ProgressSummary> GetProgressSummaryAsync(CancellationToken ct = default) =>
        GetAsync<ProgressSummary>(Routes.ProgressSummary, ct);

    /// <summary>What each agent has done.</summary>
    public Task<IReadOnlyList<AgentProgress>> ListAgentProgressAsync(CancellationToken ct = default) =>
        GetAsync<IReadOnlyList<AgentProgress>>(Routes.ProgressAgents, ct);

    /// <summary>Records how far projects are now.</summary>
    public Task<IReadOnlyList<SnapshotInfo>> CreateSnapshotAsync(
        CreateSnapshot body,
        CallOptions? call = null,
        CancellationToken ct = default) =>
        PostAsync<IReadOnlyList<SnapshotInfo>>(Routes.ProgressSnapshot, body, call, ct);

    /// <summary>What was recorded of a project, oldest first.</summary>
    public Task<IReadOnlyList<SnapshotInfo>> ListSnapshotsAsync(string projectId, CancellationToken ct = default) =>
        GetAsync<IReadOnlyList<SnapshotInfo>>(Query.At(Routes.ProgressHistory, projectId), ct);

    /// <summary>Counts over the whole store.</summary>
    public Task<Statistics> GetStatisticsAsync(CancellationToken ct = default) =>
        GetAsync<Statistics>(Routes.Statistics, ct);
}
