using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Events;
using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane;

/// <summary>Before the first request: what memory must know is read from the store. Everything that listens to commits exists by then.</summary>
internal sealed class Startup(
    Store store, TokenDirectory tokens, LeaseTable leases, PresenceTable presence, JobLeases jobs, DueTimes due, ReadyTasks ready, ReadyWaiters waiters, EventHub hub, MessageBus bus, Succession succession)
    : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken ct)
    {
        // Held only to be made: each of them has subscribed to the store's commits in its constructor, or begins to connect in it.
        _ = (waiters, hub, leases, presence, jobs, bus);
        await tokens.LoadAsync(ct);
        // The only plane takes over what its predecessor kept, before anybody asks.
        if (store.Leadership.IsHeld) await succession.AdoptAsync(ct);
        await due.LoadAsync(ct);
        await ready.LoadAsync(ct);
        await store.WriteAsync(tx => tx.Emit(EventTypes.StoreOpened, $"Muster {Product.Version} opened the store"), ct);
    }

    public Task StartAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StopAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken ct) => Task.CompletedTask;
}
