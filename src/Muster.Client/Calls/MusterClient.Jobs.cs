using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Delivery;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Checks and deployments asked of hosts, newest first, a page at a time.</summary>
    public Task<Page<JobInfo>> ListJobsAsync(
        string? state = null,
        string? kind = null,
        string? project = null,
        string? task = null,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<JobInfo>>(
            new Query(Routes.Jobs).Add("state", state).Add("kind", kind).Add("project", project).Add("task", task).Page(cursor, limit), ct);

    /// <summary>One job by id.</summary>
    public Task<JobInfo> GetJobAsync(string id, CancellationToken ct = default) =>
        GetAsync<JobInfo>(Query.At(Routes.Job, id), ct);

    /// <summary>
    /// Takes up to <see cref="JobClaimRequest.Max"/> waiting jobs; waits up to <see cref="JobClaimRequest.WaitSeconds"/> for the first.
    /// </summary>
    public Task<JobClaimAnswer> ClaimJobsAsync(JobClaimRequest body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<JobClaimAnswer>(Routes.JobsClaim, body, Waiting(call, body.WaitSeconds), ct);

    /// <summary>Says how a job ended. Needs its lease.</summary>
    public Task<JobInfo> ReportJobAsync(string id, JobReport body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<JobInfo>(Query.At(Routes.JobReport, id), body, call, ct);
}
