using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Delivery.Evaluations;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Proposals;

internal static class ProposalsApi
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(Routes.RoleProposals, Propose).WithName("ProposeRole").Admit(Access.Work);

    private static async Task<PullInfo> Propose(string name, ProposeRole body, HttpContext http, ProposeRoles propose, StartEvaluation evaluation, Writes writes, Store store, CancellationToken ct)
    {
        var pull = await propose.RunAsync(name, body, Leases.Header(http), http.Principal(), writes, ct);
        await evaluation.ByPolicyAsync(pull, ct);
        return await store.ReadAsync(async c => await PullQueries.ReadAsync(c, await PullQueries.GetAsync(c, pull)), ct);
    }
}
