using Muster.Client;
using Muster.Contracts.Delivery;

namespace Muster.Dashboard.Reviews;

internal static class DeployedFacts
{
    /// <summary>As many as are looked through; a merge is deployed within the next few.</summary>
    private const int Looked = 50;

    /// <summary>The newest deployment of what a pull request merged, for each environment; none while it is not merged.</summary>
    public static async Task<IReadOnlyList<DeploymentInfo>> OfAsync(MusterClient muster, PullInfo? pull)
    {
        if (pull is not { State: PullState.Merged }) return [];
        var all = await muster.ListDeploymentsAsync(pull.Project, limit: Looked);
        return [.. all.Items.Where(d => d.TaskKey == pull.TaskKey || d.Sha == pull.MergeSha).DistinctBy(d => d.Environment, StringComparer.Ordinal)];
    }
}
