using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Models;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Which models there are, under which names, and how they are.</summary>
    public Task<ModelsInfo> GetModelsAsync(CancellationToken ct = default) => GetAsync<ModelsInfo>(Routes.Models, ct);

    /// <summary>Switches all models off or on again.</summary>
    public Task<ModelsInfo> SwitchModelsAsync(SwitchModels body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<ModelsInfo>(Routes.ModelSwitch, body, call, ct);

    /// <summary>What models cost, summed.</summary>
    /// <param name="by"><c>task</c>, <c>agent</c>, <c>model</c>, <c>provider</c>, <c>role</c>, <c>project</c> or <c>day</c>.</param>
    /// <param name="since">From then on; the last 30 days when null.</param>
    /// <param name="until">Before then; until now when null.</param>
    /// <param name="project">Key or id.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<CostReport> GetModelCostAsync(string? by = null, DateTimeOffset? since = null, DateTimeOffset? until = null, string? project = null, CancellationToken ct = default) =>
        GetAsync<CostReport>(new Query(Routes.ModelCost).Add("by", by).Add("since", since?.ToString("O")).Add("until", until?.ToString("O")).Add("project", project), ct);

    /// <summary>Limits on what models may be used for.</summary>
    public Task<Page<BudgetInfo>> ListBudgetsAsync(string? scope = null, string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<BudgetInfo>>(new Query(Routes.Budgets).Add("scope", scope).Page(cursor, limit), ct);

    /// <summary>Sets a limit where there is none.</summary>
    public Task<BudgetInfo> CreateBudgetAsync(CreateBudget body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<BudgetInfo>(Routes.Budgets, body, call, ct);

    /// <summary>One limit, and what was used of it.</summary>
    public Task<BudgetInfo> GetBudgetAsync(string id, CancellationToken ct = default) => GetAsync<BudgetInfo>(Query.At(Routes.Budget, id), ct);

    /// <summary>Changes a limit.</summary>
    public Task<BudgetInfo> UpdateBudgetAsync(string id, UpdateBudget body, CallOptions? call = null, CancellationToken ct = default) =>
        PatchAsync<BudgetInfo>(Query.At(Routes.Budget, id), body, call, ct);

    /// <summary>Takes a limit away.</summary>
    public Task DeleteBudgetAsync(string id, CallOptions? call = null, CancellationToken ct = default) => DeleteAsync(Query.At(Routes.Budget, id), call, ct);
}
