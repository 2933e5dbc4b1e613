using Muster.Contracts;
using Muster.ControlPlane.Security;

namespace Muster.ControlPlane.Operations.Metrics;

public static class MetricsApi
{
    /// <summary>Not in the OpenAPI document: its format is Prometheus' and not ours.</summary>
    public static void MapMetrics(this WebApplication routes) =>
        routes.MapGet(Routes.Metrics, Read).ExcludeFromDescription()
            .Admit(routes.Services.GetRequiredService<ControlPlaneOptions>().MetricsOnLoopback ? Access.ReadOrLoopback : Access.Read);

    private static async Task<IResult> Read(PlaneFigures figures, MeterSums sums, CancellationToken ct)
    {
        var text = new PrometheusText();
        sums.Write(text);
        return Results.Text(text + await figures.ReadAsync(ct), PrometheusText.ContentType);
    }
}
