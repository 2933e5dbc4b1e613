using System.Diagnostics;
using System.Text;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Operations.State;

namespace Muster.Conformance.State;

/// <summary>What every shared state does, wherever it is kept.</summary>
[Trait("req", "B3")]
public sealed class StateConformanceTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static TheoryData<string> Kinds => StateRig.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task What_one_plane_sets_another_reads_until_it_ends_or_is_removed(string kind)
    {
        await using var rig = await StateRig.StartAsync(kind);
        var (here, there) = (await rig.PlaneAsync(), await rig.PlaneAsync());
        var bytes = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        await here.SetAsync([new("a", bytes), new("b\r\n$9", Encoding.UTF8.GetBytes("ü")), new("empty", [])], Long, default);
        var read = await there.GetAsync(["a", "missing", "b\r\n$9", "empty", "a"], default);
        Assert.Equal([bytes, null, Encoding.UTF8.GetBytes("ü"), [], bytes], read);

        await there.RemoveAsync("a", default);
        await here.SetAsync([new("b\r\n$9", Encoding.UTF8.GetBytes("short"))], Short, default);
        await Until.HoldsAsync(async () => ((await here.GetAsync(["b\r\n$9"], default))[0] is null, "it is still there"), Patience);
        Assert.Null((await here.GetAsync(["a"], default))[0]);
        Assert.Empty(await here.GetAsync([], default));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_limit_is_one_for_all_planes_and_fills_at_its_rate(string kind)
    {
        await using var rig = await StateRig.StartAsync(kind);
        var (here, there) = (await rig.PlaneAsync(), await rig.PlaneAsync());
        var rate = new Rate(PerSecond: 20, Burst: 50);
        var clock = Stopwatch.StartNew();
        var granted = 0;
        var askers = new[] { here, there, here, there }.Select(state => Task.Run(async () =>
        {
            // The burst, and then more than that: what fills in is given out as well.
            while (Volatile.Read(ref granted) < 80)
                if ((await state.TakeAsync("money", rate, 1, default)).Allowed) Interlocked.Increment(ref granted);
                else await Task.Yield();
        })).ToArray();
        await Task.WhenAll(askers).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(granted <= rate.Burst + rate.PerSecond * clock.Elapsed.TotalSeconds + 1, $"{granted} in {clock.Elapsed}");
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_refused_take_takes_nothing_and_says_when_it_could_be(string kind)
    {
        await using var rig = await StateRig.StartAsync(kind);
        var state = await rig.PlaneAsync();
        var rate = new Rate(PerSecond: 10, Burst: 20);
        Assert.True((await state.TakeAsync("a", rate, 20, default)).Allowed);
        var refused = await state.TakeAsync("a", rate, 10, default);
        Assert.False(refused.Allowed);
        Assert.InRange(refused.RetryAfter, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1));
        Assert.False((await state.TakeAsync("a", rate, 21, default)).Allowed);
        Assert.True((await state.TakeAsync("b", rate, 20, default)).Allowed);
        var clock = Stopwatch.StartNew();
        await Until.HoldsAsync(async () => ((await state.TakeAsync("a", rate, 10, default)).Allowed, "refused"), Patience);
        Assert.InRange(clock.Elapsed, TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(3));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_lock_has_one_holder_until_it_lets_go_or_its_time_is_up(string kind)
    {
        await using var rig = await StateRig.StartAsync(kind);
        var (here, there) = (await rig.PlaneAsync(), await rig.PlaneAsync());
        Assert.True(await here.TryLockAsync("deploy", "ada", Long, default));
        Assert.False(await there.TryLockAsync("deploy", "bob", Long, default));
        Assert.False(await here.TryLockAsync("deploy", "ada", Long, default));
        Assert.True(await there.TryLockAsync("other", "bob", Long, default));
        Assert.False(await there.ExtendAsync("deploy", "bob", Long, default));
        await there.UnlockAsync("deploy", "bob", default);
        Assert.False(await there.TryLockAsync("deploy", "bob", Long, default));
        await here.UnlockAsync("deploy", "ada", default);
        Assert.False(await here.ExtendAsync("deploy", "ada", Long, default));

        Assert.True(await there.TryLockAsync("deploy", "bob", Short, default));
        await Until.HoldsAsync(async () => (await here.TryLockAsync("deploy", "ada", Long, default), "still held"), Patience);
        Assert.False(await there.ExtendAsync("deploy", "bob", Long, default));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task An_extended_lock_outlives_its_first_length(string kind)
    {
        await using var rig = await StateRig.StartAsync(kind);
        var state = await rig.PlaneAsync();
        Assert.True(await state.TryLockAsync("a", "ada", TimeSpan.FromSeconds(1), default));
        Assert.True(await state.ExtendAsync("a", "ada", Long, default));
        Assert.True(await state.TryLockAsync("gauge", "ada", TimeSpan.FromSeconds(1), default));
        await Until.HoldsAsync(async () => (await state.TryLockAsync("gauge", "bob", Long, default), "still held"), Patience);
        Assert.False(await state.TryLockAsync("a", "bob", Long, default));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Of_many_who_try_at_once_one_gets_the_lock(string kind)
    {
        await using var rig = await StateRig.StartAsync(kind);
        var planes = new[] { await rig.PlaneAsync(), await rig.PlaneAsync() };
        for (var round = 0; round < 20; round++)
        {
            var name = $"race-{round}";
            var got = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => Task.Run(async () => await planes[i % 2].TryLockAsync(name, $"holder-{i}", Long, default))));
            Assert.Equal(1, got.Count(g => g));
        }
    }
}
