using System.Text;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Operations.State;
using Muster.Integrations.Connections;
using Muster.Integrations.Redis;

namespace Muster.Conformance.State;

/// <summary>Redis absent, killed, restarted, held, cut, locked: the state says so at once, and comes back by itself.</summary>
[Trait("req", "B3")]
public sealed class RedisTests
{
    /// <summary>The issue's own figure.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_server_that_is_absent_at_the_start_refuses_at_once_and_is_found_when_it_comes()
    {
        await using var server = RedisServer.Stopped();
        await using var state = StateRig.Redis($"redis://127.0.0.1:{server.Port}");
        await Until.HoldsAsync(() => state.Health.Detail.Contains("refused", StringComparison.Ordinal), Recovery, () => state.Health.Detail);
        await Assert.ThrowsAsync<StateUnavailableException>(async () => await state.TryLockAsync("a", "ada", Long, default));
        await server.RestartAsync();
        await StateRig.HealthyAsync(state);
        Assert.True(await state.TryLockAsync("a", "ada", Long, default));
    }

    [Fact]
    public async Task Killed_and_restarted_under_load_every_call_is_answered_or_refused_and_it_is_back_within_ten_seconds()
    {
        await using var server = await RedisServer.StartAsync();
        await using var state = StateRig.Redis($"redis://127.0.0.1:{server.Port}");
        await StateRig.HealthyAsync(state);
        using var stop = new CancellationTokenSource();
        var (answered, refused, wrong) = (0, 0, 0);
        var load = Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var value = Encoding.UTF8.GetBytes($"{worker}-{i}");
                try
                {
                    await state.SetAsync([new($"key-{worker}", value)], Long, default);
                    // Each worker has its own key: another's answer here would be an answer to another's question.
                    if ((await state.GetAsync([$"key-{worker}"], default))[0] is { } read && !read.SequenceEqual(value)) Interlocked.Increment(ref wrong);
                    Interlocked.Increment(ref answered);
                }
                catch (StateUnavailableException)
                {
                    Interlocked.Increment(ref refused);
                    await Task.Yield();
                }
            }
        })).ToArray();
        for (var round = 0; round < 3; round++)
        {
            await server.Process.KillAsync();
            await Until.HoldsAsync(() => !state.Health.IsHealthy, Recovery);
            await server.RestartAsync();
            var before = answered;
            await Until.HoldsAsync(() => answered > before + 100, Recovery, () => state.Health.Detail);
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.Equal(0, wrong);
        Assert.True(refused > 0 && answered > 300, $"{answered} answered, {refused} refused");
    }

    [Fact]
    public async Task A_connection_cut_at_any_byte_is_made_anew_and_no_answer_goes_to_another_question()
    {
        await using var server = await RedisServer.StartAsync("--requirepass", "s3cret");
        await using var cutter = new Cutter(server.Port);
        foreach (var up in new[] { false, true })
        {
            foreach (var place in Enumerable.Range(1, 14).Concat([20, 33, 47, 80, 150, 333, 1000]))
            {
                (cutter.CutDown, cutter.CutUp) = (up ? null : place, up ? place : null);
                await using var state = StateRig.Redis($"redis://:s3cret@127.0.0.1:{cutter.Port}/1");
                var before = cutter.Cuts;
                await Until.HoldsAsync(async () =>
                {
                    await AskAsync(state, place);
                    return (cutter.Cuts > before, "not cut");
                }, Recovery);
                (cutter.CutDown, cutter.CutUp) = (null, null);
                await Until.HoldsAsync(async () => (await AskAsync(state, place), state.Health.Detail), Recovery);
            }
        }
    }

    [Fact]
    public async Task A_server_that_hangs_is_given_up_and_found_again_when_it_goes_on()
    {
        await using var server = await RedisServer.StartAsync();
        await using var state = StateRig.Redis($"redis://127.0.0.1:{server.Port}");
        await StateRig.HealthyAsync(state);
        server.Process.Freeze();
        var refused = await Assert.ThrowsAsync<StateUnavailableException>(async () => await state.TryLockAsync("a", "ada", Long, default).AsTask().WaitAsync(Recovery));
        Assert.Contains("not known", refused.Message, StringComparison.Ordinal);
        server.Process.Thaw();
        await StateRig.HealthyAsync(state);
        Assert.False(await state.TryLockAsync("a", "bob", Long, default) && await state.TryLockAsync("a", "carl", Long, default));
    }

    [Fact]
    public async Task Password_and_user_open_the_server_and_wrong_ones_are_told_without_being_shown()
    {
        await using var server = await RedisServer.StartAsync("--requirepass", "s3cret/#@", "--user", "muster", "on", ">us3rpass", "~muster:*", "+@all");
        foreach (var right in new[] { $":{Uri.EscapeDataString("s3cret/#@")}", "muster:us3rpass" })
        {
            await using var state = StateRig.Redis($"redis://{right}@127.0.0.1:{server.Port}/2");
            await StateRig.HealthyAsync(state);
            Assert.True(await state.TryLockAsync(right, "ada", Long, default));
        }

        foreach (var wrong in new[] { ":WRONGPASS1@", "muster:WRONGPASS1@", "" })
        {
            await using var state = StateRig.Redis($"redis://{wrong}127.0.0.1:{server.Port}");
            await Until.HoldsAsync(() => state.Health.Detail.Contains("refused: ", StringComparison.Ordinal), Recovery, () => state.Health.Detail);
            Assert.DoesNotContain("WRONGPASS1", state.Health.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task TLS_takes_the_authority_that_is_named_and_no_other()
    {
        using var certificate = new TestCertificate();
        using var other = new TestCertificate();
        await using var server = await RedisServer.StartTlsAsync(certificate);
        await using var state = StateRig.Redis($"rediss://127.0.0.1:{server.Port}?ca={Uri.EscapeDataString(certificate.AuthorityFile)}");
        await StateRig.HealthyAsync(state);
        Assert.True(await state.TryLockAsync("a", "ada", Long, default));
        await using var deceived = StateRig.Redis($"rediss://127.0.0.1:{server.Port}?ca={Uri.EscapeDataString(other.AuthorityFile)}");
        await Until.HoldsAsync(() => deceived.Health.Detail.Contains("certificate", StringComparison.Ordinal), Recovery, () => deceived.Health.Detail);
    }

    [Fact]
    public async Task A_server_that_is_full_or_read_only_refuses_and_health_says_why()
    {
        await using var server = await RedisServer.StartAsync("--maxmemory", "1", "--maxmemory-policy", "noeviction");
        await using var state = StateRig.Redis($"redis://127.0.0.1:{server.Port}");
        await StateRig.HealthyAsync(state);
        await Assert.ThrowsAsync<StateUnavailableException>(async () => await state.TryLockAsync("a", "ada", Long, default));
        Assert.False(state.Health.IsHealthy);
        Assert.Contains("maxmemory", state.Health.Detail, StringComparison.Ordinal);
        await server.SayAsync("CONFIG SET maxmemory 0");
        Assert.True(await state.TryLockAsync("a", "ada", Long, default));
        Assert.True(state.Health.IsHealthy);
    }

    [Fact]
    public async Task A_server_that_forgot_its_scripts_gets_them_again()
    {
        await using var server = await RedisServer.StartAsync();
        await using var state = StateRig.Redis($"redis://127.0.0.1:{server.Port}");
        await StateRig.HealthyAsync(state);
        var rate = new Rate(1, 100);
        Assert.True((await state.TakeAsync("a", rate, 1, default)).Allowed);
        Assert.Equal("+OK", await server.SayAsync("SCRIPT FLUSH"));
        Assert.True((await state.TakeAsync("a", rate, 99, default)).Allowed);
        Assert.False((await state.TakeAsync("a", rate, 99, default)).Allowed);
    }

    [Theory]
    [InlineData("http://host:6379", "no address")]
    [InlineData("redis://:SECRET@host/zero", "number of the database")]
    [InlineData("redis://SECRET@host", "no password")]
    [InlineData("redis://:SECRET@host?ca=x", "no TLS")]
    [InlineData("rediss://:SECRET@host?ca=/nowhere", "cannot be read")]
    public void An_address_that_cannot_be_used_is_refused_with_the_reason_and_without_the_secret(string address, string reason)
    {
        var error = Assert.Throws<AddressException>(() => RedisOptions.Parse(address));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", error.Message, StringComparison.Ordinal);
    }

    private static async Task<bool> AskAsync(ISharedState state, int place)
    {
        try
        {
            await state.SetAsync([new("cut", Encoding.UTF8.GetBytes($"{place}"))], Long, default);
            Assert.Equal($"{place}", Encoding.UTF8.GetString((await state.GetAsync(["cut"], default))[0]!));
            return true;
        }
        catch (StateUnavailableException)
        {
            // While it is cut.
            return false;
        }
    }
}
