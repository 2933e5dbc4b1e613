using Muster.Conformance.Bus;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Operations.State;

namespace Muster.Conformance.State;

/// <summary>Bus and state in a PostgreSQL that is killed: said at once, found again by themselves.</summary>
[Trait("req", "B3")]
public sealed class PostgresKillTests
{
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_server_killed_and_restarted_carries_messages_and_state_again_within_ten_seconds()
    {
        await using var server = await PostgresServer.StartAsync("fsync=off");
        var (hereLink, hereConnection) = BusRig.Postgres(server.Address + "postgres");
        var (thereLink, thereConnection) = BusRig.Postgres(server.Address + "postgres");
        await using var _ = hereConnection;
        await using var __ = thereConnection;
        var (here, there) = (new MessageBus(hereLink, TimeProvider.System), new MessageBus(thereLink, TimeProvider.System));
        await using var state = StateRig.Postgres(server.Address + "postgres");
        await using var listener = await Listener.AtAsync(there, "agents.FLT.>");
        await StateRig.HealthyAsync(state);
        for (var round = 0; round < 2; round++)
        {
            await HeardAsync(here, listener);
            Assert.True(await state.TryLockAsync($"lock-{round}", "ada", Long, default));
            await server.Process.KillAsync();
            await Assert.ThrowsAsync<StateUnavailableException>(async () => await state.TryLockAsync("other", "ada", Long, default));
            await Until.HoldsAsync(() => !here.Health.IsHealthy && !there.Health.IsHealthy && !state.Health.IsHealthy, Recovery);
            Assert.False(here.Publish(Say.Text("agents.FLT.a", "nobody carries this")).Beyond);
            await server.RestartAsync();
            await HeardAsync(here, listener);
            await StateRig.HealthyAsync(state);
            // Not logged: after a crash it is empty, and the lock is free.
            Assert.True(await state.TryLockAsync($"lock-{round}", "bob", Long, default));
        }
    }

    private static Task<TimeSpan> HeardAsync(MessageBus from, Listener at)
    {
        var word = Guid.NewGuid().ToString("N");
        return Until.HoldsAsync(() =>
        {
            from.Publish(Say.Text("agents.FLT.heal", word));
            return at.Has(word);
        }, Recovery, () => from.Health.Detail);
    }
}
