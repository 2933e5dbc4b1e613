using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Pull requests, newest first, a page at a time.</summary>
    public Task<Page<PullInfo>> ListPullsAsync(
        string? project = null,
        string? state = null,
        string? task = null,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<PullInfo>>(new Query(Routes.Pulls).Add("project", project).Add("state", state).Add("task", task).Page(cursor, limit), ct);

    /// <summary>One pull request by id.</summary>
    public Task<PullInfo> GetPullAsync(string id, CancellationToken ct = default) =>
        GetAsync<PullInfo>(Query.At(Routes.Pull, id), ct);

    /// <summary>What a pull request changes.</summary>
    public Task<DiffText> GetPullDiffAsync(string id, CancellationToken ct = default) =>
        GetAsync<DiffText>(Query.At(Routes.PullDiff, id), ct);

    /// <summary>Approves, asks for changes or comments; bound to the head that was looked at.</summary>
    public Task<PullInfo> CreateReviewAsync(string id, CreateReview body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<PullInfo>(Query.At(Routes.PullReviews, id), body, call, ct);

    /// <summary>Closes a pull request without merging it.</summary>
    public Task<PullInfo> ClosePullAsync(string id, Reason? reason = null, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<PullInfo>(Query.At(Routes.PullClose, id), reason ?? new Reason(), call, ct);
}
