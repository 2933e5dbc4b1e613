using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tools;

/// <summary>For hosts with a sandbox.</summary>
internal static class ToolJobsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.ToolJobsClaim, Claim).WithName("ClaimToolJob").Admit(Access.HostWork);
        routes.MapPost(Routes.ToolJobReport, Report).WithName("ReportToolJob").Admit(Access.HostWork);
    }

    private static Task<ToolJobAnswer> Claim(ToolJobClaim body, HttpContext http, ToolJobs jobs, Writes writes, CancellationToken ct) => jobs.ClaimAsync(body, http.Principal(), writes, ct);

    private static async Task<NoContent> Report(string id, ToolJobReport body, HttpContext http, EndToolJob end, Writes writes, CancellationToken ct)
    {
        await writes.RunAsync(body, tx => end.Run(tx, id, Leases.Header(http), body), ct);
        return TypedResults.NoContent();
    }
}
