using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Work;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Reads a Markdown plan and says what it holds and where it disagrees with itself; changes nothing.</summary>
    public Task<PlanReport> PreviewPlanAsync(PlanRequest body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<PlanReport>(Routes.PlanPreview, body, call, ct);

    /// <summary>Takes a plan's epics and issues over into a project; issues already there stay as they are.</summary>
    public Task<PlanImported> ImportPlanAsync(PlanRequest body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<PlanImported>(Routes.PlanImport, body, call, ct);
}
