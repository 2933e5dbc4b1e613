using Muster.Contracts;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Operations;

/// <summary>Who serves the store, and who of them leads.</summary>
public static class PlanesApi
{
    public static void MapPlanes(this IEndpointRouteBuilder routes) => routes.MapGet(Routes.Planes, List).WithName("ListPlanes").Admit(Access.Read);

    private static async Task<Page<PlaneInfo>> List(Store store, TimeProvider time, CancellationToken ct)
    {
        if (!store.IsShared) return new Page<PlaneInfo> { Items = [Alone(store, time.GetUtcNow())] };
        return new Page<PlaneInfo>
        {
            Items = [.. (await Planes.ListAsync(store, ct)).Select(p => new PlaneInfo
            {
                Id = p.Id,
                Name = p.Name,
                Version = p.Version,
                StartedAt = Times.At(p.StartedAt),
                SeenAt = Times.At(p.SeenAt),
                Leads = p.Leads,
                Answers = p.Id == store.PlaneId,
            })],
        };
    }

    /// <summary>An embedded store has one plane, which says nothing of itself there.</summary>
    private static PlaneInfo Alone(Store store, DateTimeOffset now) => new()
    {
        Id = store.PlaneId,
        Name = $"{Environment.MachineName}:{Environment.ProcessId}",
        Version = Product.Version,
        StartedAt = Ids.TimeOf(store.PlaneId),
        SeenAt = now,
        Leads = true,
        Answers = true,
    };
}
