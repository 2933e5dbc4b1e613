using Muster.Contracts;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Events;
using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Operations.State;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Operations;

public static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Health, Report).WithName("GetHealth").Admit(Access.Anyone);
        routes.MapGet(Routes.HealthLive, () => new HealthReport { Status = "healthy", Version = Product.Version, Parts = [] }).WithName("GetHealthLive").Admit(Access.Anyone);
        routes.MapGet(Routes.HealthReady, Ready).WithName("GetHealthReady").Admit(Access.Anyone);
    }

    private static Task<HealthReport> Report(Store store, EventHub hub, MessageBus bus, EventCopier copier, ISharedState state, BackupState backups, ControlPlaneOptions options, CancellationToken ct) => CheckAsync(store, hub, bus, copier, state, backups, options, ct);

    /// <summary>200 when requests can be served, 503 with the reasons when not.</summary>
    private static async Task<IResult> Ready(Store store, EventHub hub, MessageBus bus, EventCopier copier, ISharedState state, BackupState backups, ControlPlaneOptions options, CancellationToken ct)
    {
        var report = await CheckAsync(store, hub, bus, copier, state, backups, options, ct);
        return Results.Json(report, Wire.Json, statusCode: report.Status == "unhealthy" ? 503 : 200);
    }

    private static async Task<HealthReport> CheckAsync(Store store, EventHub hub, MessageBus bus, EventCopier copier, ISharedState state, BackupState backups, ControlPlaneOptions options, CancellationToken ct)
    {
        var fault = await store.CheckAsync(ct);
        List<HealthPart> parts =
        [
            new() { Name = "store", Status = fault is null ? "healthy" : "unhealthy", Detail = fault },
            Disk(options),
            new() { Name = "events", Status = store.LogFault is null ? "healthy" : "degraded", Detail = store.LogFault ?? $"{hub.Followers} {(hub.Followers == 1 ? "follower" : "followers")}" },
            Part("bus", bus.Health),
            Part("state", state.Health),
        ];
        if (store.IsShared && fault is null) parts.Add(Crew(store, await Planes.ListAsync(store, ct)));
        if (backups.Health() is { } backup) parts.Add(backup);
        if (copier.Health is { } copy) parts.Add(Part("event copy", copy));
        var status = parts.Any(p => p.Status == "unhealthy") ? "unhealthy" : parts.Any(p => p.Status == "degraded") ? "degraded" : "healthy";
        return new HealthReport { Status = status, Version = Product.Version, Parts = parts };
    }

    private static HealthPart Part(string name, PartHealth health) => new() { Name = name, Status = health.IsHealthy ? "healthy" : "degraded", Detail = health.Detail };

    private static HealthPart Crew(Store store, IReadOnlyList<PlaneRow> planes) => new()
    {
        Name = "planes",
        Status = planes.Any(p => p.Leads) ? "healthy" : "degraded",
        Detail = $"{planes.Count} {(planes.Count == 1 ? "plane" : "planes")}; "
            + (store.Leadership.Term is { } term ? $"this one leads in term {term}" : planes.Any(p => p.Leads) ? "another one leads" : "none leads now, which a successor mends within seconds"),
    };

    private static HealthPart Disk(ControlPlaneOptions options)
    {
        var faults = new[] { Full(options.DataFolder, "data folder"), options.SharedFolder is { } shared ? Full(shared, "shared folder") : null }.OfType<string>().ToList();
        return new HealthPart { Name = "disk", Status = faults.Count == 0 ? "healthy" : "degraded", Detail = faults.Count == 0 ? null : string.Join(" ", faults) };
    }

    private static string? Full(string folder, string what)
    {
        try
        {
            var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace / 1_048_576;
            return free < 500 ? $"Only {free} MiB are free where the {what} lies; make room before writes begin to fail." : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"The {what} cannot be looked at: {error.Message}";
        }
    }
}
