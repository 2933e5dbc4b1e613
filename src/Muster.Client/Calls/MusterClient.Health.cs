using Muster.Client.Http;
using Muster.Contracts;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>The planes that serve the store, the oldest first.</summary>
    public Task<Page<PlaneInfo>> ListPlanesAsync(CancellationToken ct = default) => GetAsync<Page<PlaneInfo>>(new Query(Routes.Planes), ct);

    /// <summary>How the plane and its parts are. A plane that is not healthy answers too; look at <see cref="HealthReport.Status"/>.</summary>
    public Task<HealthReport> GetHealthAsync(CancellationToken ct = default) => HealthAsync(Routes.Health, ct);

    /// <summary>Whether the plane's process runs.</summary>
    public Task<HealthReport> GetHealthLiveAsync(CancellationToken ct = default) => HealthAsync(Routes.HealthLive, ct);

    /// <summary>Whether the plane takes work.</summary>
    public Task<HealthReport> GetHealthReadyAsync(CancellationToken ct = default) => HealthAsync(Routes.HealthReady, ct);

    // Asked once, and 503 is an answer here: whoever asks wants to know how it is now.
    private Task<HealthReport> HealthAsync(string path, CancellationToken ct) =>
        _sender.SendAsync<HealthReport>(HttpMethod.Get, path, static () => null, new CallOptions { MaxRetries = 0 }, ct, alsoAccept: 503);
}
