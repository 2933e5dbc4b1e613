using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Operations.State;
using Muster.Integrations.Sqlite;

namespace Muster.Conformance.State;

/// <summary>What cannot be checked fails closed for money and safety, open for courtesy; fencing numbers rise whatever Redis forgets.</summary>
[Trait("req", "B3")]
public sealed class StakeTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Without_redis_courtesy_goes_on_and_money_and_safety_do_not()
    {
        using var folder = new ScratchFolder();
        await using var store = SqliteStore.Open(folder.Path, TimeProvider.System, NullLogger.Instance);
        await using var server = RedisServer.Stopped();
        await using var state = StateRig.Redis($"redis://127.0.0.1:{server.Port}");
        var limits = new SharedLimits(state, TimeProvider.System);
        var locks = new SharedLocks(state, store, TimeProvider.System);
        var rate = new Rate(1, 1);

        Assert.Equal(new LimitAnswer(true, TimeSpan.Zero, Certain: false), await limits.TakeAsync(new Limit("l", rate, Stake.Courtesy), "x", 1, default));
        foreach (var stake in new[] { Stake.Money, Stake.Safety })
        {
            var answer = await limits.TakeAsync(new Limit("l", rate, stake), "x", 1, default);
            Assert.Equal((false, false), (answer.Allowed, answer.Certain));
            Assert.Null(await locks.TryTakeAsync(new LockKind("k", Long, stake), default));
        }

        await using var courtesy = await locks.TryTakeAsync(new LockKind("k", Long, Stake.Courtesy), default);
        Assert.False(courtesy!.Certain);
        Assert.True(await courtesy.ExtendAsync(default));

        await server.RestartAsync();
        await StateRig.HealthyAsync(state);
        await using var held = await locks.TryTakeAsync(new LockKind("k", Long, Stake.Safety), default);
        Assert.True(held!.Certain && held.Fence > courtesy.Fence);
        Assert.False(await courtesy.ExtendAsync(default));
        await server.Process.KillAsync();
        Assert.False(await held.ExtendAsync(default));
    }

    [Fact]
    public async Task A_redis_that_hangs_holds_a_courtesy_up_for_a_moment_only()
    {
        await using var server = await RedisServer.StartAsync();
        await using var state = StateRig.Redis($"redis://127.0.0.1:{server.Port}");
        await StateRig.HealthyAsync(state);
        server.Process.Freeze();
        var asked = System.Diagnostics.Stopwatch.StartNew();
        Assert.True((await new SharedLimits(state, TimeProvider.System).TakeAsync(new Limit("l", new Rate(1, 1), Stake.Courtesy), "x", 1, default)).Allowed);
        Assert.True(asked.Elapsed < TimeSpan.FromSeconds(1.5), $"It took {asked.Elapsed}.");
        server.Process.Thaw();
    }

    /// <summary>The lock is forgotten at each kill; the number must not be.</summary>
    [Fact]
    public async Task Fencing_numbers_rise_strictly_though_redis_is_killed_again_and_again_without_persistence()
    {
        using var folder = new ScratchFolder();
        await using var store = SqliteStore.Open(folder.Path, TimeProvider.System, NullLogger.Instance);
        await using var server = await RedisServer.StartAsync();
        await using var one = StateRig.Redis($"redis://127.0.0.1:{server.Port}");
        await using var two = StateRig.Redis($"redis://127.0.0.1:{server.Port}");
        var kind = new LockKind("deploy", Long, Stake.Safety);
        using var stop = new CancellationTokenSource();
        var grants = new List<long>();
        var gate = new Lock();
        var greatest = 0L;
        var refused = 0;
        var workers = new[] { one, two, one, two }.Select(state => Task.Run(async () =>
        {
            var locks = new SharedLocks(state, store, TimeProvider.System);
            while (!stop.IsCancellationRequested)
            {
                await using var held = await locks.TryTakeAsync(kind, default);
                if (held is null)
                {
                    await Task.Yield();
                    continue;
                }

                // What the lock protects: it takes no number smaller than the greatest it has seen.
                lock (gate)
                {
                    grants.Add(held.Fence);
                    if (held.Fence > greatest) greatest = held.Fence;
                    else refused++;
                }
            }
        })).ToArray();
        for (var round = 0; round < 4; round++)
        {
            await Until.HoldsAsync(() => Count() > 20 * (round + 1), TimeSpan.FromSeconds(20), () => $"{Count()} grants");
            await server.Process.KillAsync();
            await server.RestartAsync();
            await StateRig.HealthyAsync(one);
        }

        await stop.CancelAsync();
        await Task.WhenAll(workers);
        Assert.Equal(grants.Count, grants.Distinct().Count());
        // Whoever came late with a smaller number was refused; of those that were taken, each was greater than the one before.
        Assert.True(refused < grants.Count / 2, $"{refused} of {grants.Count} came too late.");

        int Count()
        {
            lock (gate) return grants.Count;
        }
    }
}
