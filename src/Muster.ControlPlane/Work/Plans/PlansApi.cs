using Muster.Contracts;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;

namespace Muster.ControlPlane.Work.Plans;

public static class PlansApi
{
    public static void MapPlans(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.PlanPreview, (PlanRequest body) => PlanParser.Parse(body.Markdown)).WithName("PreviewPlan").Admit(Access.Read);
        routes.MapPost(Routes.PlanImport, Import).WithName("ImportPlan").Admit(Access.Work);
    }

    private static Task<PlanImported> Import(PlanRequest body, Writes writes, RoleCatalog roles, CancellationToken ct)
    {
        if (string.IsNullOrWhiteSpace(body.Project)) throw Refusal.Invalid("project", "Name the project that the plan belongs to.");
        var report = PlanParser.Parse(body.Markdown);
        return writes.RunAsync(body, tx => ImportPlan.Run(tx, ProjectRow.Get(tx, body.Project), report, roles), ct);
    }
}
