using Muster.Contracts.Events;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Proposals;

/// <summary>
/// The leader tells of each role that has become another one, however that came about, and takes what was changed by hand into the
/// roles' repository, so that the next merge finds nothing in its way.
/// </summary>
internal sealed class RoleWatch(Store store, RoleCatalog roles, FleetRepository fleet, TimeProvider time, ILogger<RoleWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private object? _seen;
    private IReadOnlyDictionary<string, string> _hashes = new Dictionary<string, string>(StringComparer.Ordinal);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => store.Leadership.RunAsync(async term =>
    {
        (_seen, _hashes) = (roles.Version, HashesNow());
        await Steadily.RunAsync(async ct =>
        {
            await Task.Delay(Period, time, ct);
            await StepAsync(ct);
        }, "Watching the roles", logger, time, term);
    }, stoppingToken);

    internal async Task StepAsync(CancellationToken ct)
    {
        var version = roles.Version;
        if (ReferenceEquals(version, _seen)) return;
        await fleet.TakeInAsync(ct);
        var now = HashesNow();
        var changed = now.Where(role => _hashes.GetValueOrDefault(role.Key) != role.Value).Select(role => (role.Key, (string?)role.Value))
            .Concat(_hashes.Keys.Where(name => !now.ContainsKey(name)).Select(name => (name, (string?)null))).ToList();
        if (changed.Count > 0)
        {
            await store.WriteAsync(tx =>
            {
                foreach (var (name, hash) in changed) Tell(tx, name, _hashes.GetValueOrDefault(name), hash);
            }, ct);
        }

        (_seen, _hashes) = (version, now);
    }

    private static void Tell(StoreTransaction tx, string name, string? before, string? hash) => tx.Emit(EventTypes.RoleChanged,
        $"The role {name} {(before is null ? "is new" : hash is null ? "is gone" : "has changed; its next task brings it to an agent")}", data: new { name, before, hash });

    private Dictionary<string, string> HashesNow() => roles.All.ToDictionary(role => role.Name, role => role.Hash, StringComparer.Ordinal);
}
