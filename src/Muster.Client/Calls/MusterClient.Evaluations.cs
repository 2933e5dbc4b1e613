using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Evaluations, newest first, a page at a time.</summary>
    /// <param name="pull">Only of this pull request.</param>
    /// <param name="cursor">The page to go on with.</param>
    /// <param name="limit">Most entries of a page.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<Page<EvaluationInfo>> ListEvaluationsAsync(string? pull = null, string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<EvaluationInfo>>(new Query(Routes.Evaluations).Add("pull", pull).Page(cursor, limit), ct);

    /// <summary>One evaluation with its trials as they stand.</summary>
    public Task<EvaluationInfo> GetEvaluationAsync(string id, CancellationToken ct = default) => GetAsync<EvaluationInfo>(Query.At(Routes.Evaluation, id), ct);

    /// <summary>Has recorded tasks carried out anew under a role as it is and as a pull request would have it.</summary>
    public Task<EvaluationInfo> CreateEvaluationAsync(string pull, CreateEvaluation body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<EvaluationInfo>(Query.At(Routes.PullEvaluations, pull), body, call, ct);

    /// <summary>Stops an evaluation; what is left of it is cancelled.</summary>
    public Task<EvaluationInfo> CancelEvaluationAsync(string id, Reason? reason = null, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<EvaluationInfo>(Query.At(Routes.EvaluationCancel, id), reason ?? new Reason(), call, ct);
}
