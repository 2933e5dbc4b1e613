using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Progress;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>What a person should know now: what needs them, what runs, what was done, how the crew is.</summary>
    /// <param name="since">Tells what was done since then; what was done last, when null.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<TodayReport> GetTodayAsync(DateTimeOffset? since = null, CancellationToken ct = default) =>
        GetAsync<TodayReport>(new Query(Routes.Today).Add("since", since?.ToString("O")), ct);

    /// <summary>How much waits for a person's word or hand.</summary>
    public Task<NeedsCount> GetNeedsAsync(CancellationToken ct = default) => GetAsync<NeedsCount>(Routes.ProgressNeeds, ct);

    /// <summary>How far every project is.</summary>
    public Task<ProgressSummary> GetProgressSummaryAsync(CancellationToken ct = default) =>
        GetAsync<ProgressSummary>(Routes.ProgressSummary, ct);

    /// <summary>What each agent has done, or one alone, by its name or id.</summary>
    public Task<IReadOnlyList<AgentProgress>> ListAgentProgressAsync(string? agent = null, CancellationToken ct = default) =>
        GetAsync<IReadOnlyList<AgentProgress>>(new Query(Routes.ProgressAgents).Add("agent", agent), ct);

    /// <summary>Records how far projects are now.</summary>
    public Task<IReadOnlyList<SnapshotInfo>> CreateSnapshotAsync(
        CreateSnapshot body,
        CallOptions? call = null,
        CancellationToken ct = default) =>
        PostAsync<IReadOnlyList<SnapshotInfo>>(Routes.ProgressSnapshot, body, call, ct);

    /// <summary>What was recorded of a project, oldest first.</summary>
    public Task<IReadOnlyList<SnapshotInfo>> ListSnapshotsAsync(string projectId, CancellationToken ct = default) =>
        GetAsync<IReadOnlyList<SnapshotInfo>>(Query.At(Routes.ProgressHistory, projectId), ct);

    /// <summary>How a project's plan grew and was done, and when the rest is done as it goes.</summary>
    public Task<BurnUp> GetBurnUpAsync(string projectId, CancellationToken ct = default) =>
        GetAsync<BurnUp>(Query.At(Routes.ProgressBurnUp, projectId), ct);

    /// <summary>Counts over the whole store.</summary>
    public Task<Statistics> GetStatisticsAsync(CancellationToken ct = default) =>
        GetAsync<Statistics>(Routes.Statistics, ct);
}
