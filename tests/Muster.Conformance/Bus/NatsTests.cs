using Muster.Conformance.Servers;
using Muster.ControlPlane.Events.Bus;
using Muster.Integrations.Connections;

namespace Muster.Conformance.Bus;

/// <summary>NATS absent, killed, restarted, held, cut, locked: the bus goes on in this plane, says so, and comes back by itself.</summary>
[Trait("req", "B3")]
public sealed class NatsTests
{
    /// <summary>The issue's own figure.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_server_that_is_absent_at_the_start_degrades_the_bus_and_is_found_when_it_comes()
    {
        await using var server = NatsServer.Stopped();
        await using var here = new Plane($"nats://127.0.0.1:{server.Port}");
        await using var there = new Plane($"nats://127.0.0.1:{server.Port}");
        await using var listener = await Listener.AtAsync(there.Bus, "agents.FLT.>");
        await using var neighbour = await Listener.AtAsync(here.Bus, "agents.FLT.>");
        Assert.Equal(new Published(1, false), here.Bus.Publish(Say.Text("agents.FLT.a", "early")));
        await neighbour.HeardAsync(1);
        await Until.HoldsAsync(() => here.Bus.Health.Detail.Contains("refused", StringComparison.Ordinal), Recovery, () => here.Bus.Health.Detail);
        Assert.False(here.Bus.Health.IsHealthy);

        await server.RestartAsync();
        await HealAsync(here, there, listener);
        Assert.DoesNotContain("early", listener.Texts);
    }

    [Fact]
    public async Task A_server_killed_and_restarted_under_load_is_back_within_ten_seconds_and_no_message_comes_twice_or_out_of_order()
    {
        await using var server = await NatsServer.StartAsync();
        await using var here = await Plane.ConnectedAsync($"nats://127.0.0.1:{server.Port}");
        await using var there = await Plane.ConnectedAsync($"nats://127.0.0.1:{server.Port}");
        await using var listener = await Listener.AtAsync(there.Bus, "agents.FLT.>");
        await using var neighbour = await Listener.AtAsync(here.Bus, "agents.FLT.load");
        using var stop = new CancellationTokenSource();
        var said = 0;
        var load = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                here.Bus.Publish(Say.Text("agents.FLT.load", $"{said++}"));
                // As much as a machine with other work takes: what is to be seen is that nothing is doubled, not how much it can carry.
                if (said % 20 == 0) await Task.Delay(1);
                if (neighbour.Count < said - 500) await neighbour.HeardAsync(said - 100);
            }
        });
        for (var round = 0; round < 3; round++)
        {
            await server.Process.KillAsync();
            await Until.HoldsAsync(() => !here.Bus.Health.IsHealthy && !there.Bus.Health.IsHealthy, Recovery);
            await server.RestartAsync();
            await HealAsync(here, there, listener);
        }

        await stop.CancelAsync();
        await load;
        await neighbour.HeardAsync(said);
        Assert.Equal(said, neighbour.Count);
        var came = listener.Texts.Where(t => int.TryParse(t, out _)).Select(int.Parse).ToList();
        Assert.True(came.Count > 100, $"Only {came.Count} messages came over.");
        Assert.Equal(came.Distinct().Order(), came);
    }

    [Fact]
    public async Task A_connection_cut_at_any_byte_is_made_anew()
    {
        await using var server = await NatsServer.StartAsync();
        await using var cutter = new Cutter(server.Port);
        await using var steady = await Plane.ConnectedAsync($"nats://127.0.0.1:{server.Port}");
        // What the server says at sign-in is some 500 bytes, what we say some 200: every byte of the sensitive part, then in strides.
        int[] places = [1, 2, 5, 6, 100, .. Enumerable.Range(1, 12).Select(i => i * 53), 1000, 3000];
        foreach (var up in new[] { false, true })
        {
            foreach (var place in places)
            {
                (cutter.CutDown, cutter.CutUp) = (up ? null : place, up ? place : null);
                await using var cut = new Plane($"nats://127.0.0.1:{cutter.Port}");
                await using var listener = await Listener.AtAsync(cut.Bus, "agents.FLT.>");
                var before = cutter.Cuts;
                await Until.HoldsAsync(() =>
                {
                    steady.Bus.Publish(Say.Text("agents.FLT.a", new string('x', 300)));
                    cut.Bus.Publish(Say.Text("agents.FLT.b", new string('y', 300)));
                    return cutter.Cuts > before;
                }, Recovery);
                (cutter.CutDown, cutter.CutUp) = (null, null);
                await HealAsync(steady, cut, listener);
            }
        }
    }

    [Fact]
    public async Task A_server_that_hangs_is_noticed_and_left_for_another()
    {
        await using var first = await NatsServer.StartAsync();
        await using var second = NatsServer.Stopped();
        await using var here = await Plane.ConnectedAsync($"nats://127.0.0.1:{first.Port},127.0.0.1:{second.Port}");
        await second.RestartAsync();
        first.Process.Freeze();
        var took = await Until.HoldsAsync(() => here.Bus.Health.IsHealthy && here.Bus.Health.Detail.Contains($":{second.Port}", StringComparison.Ordinal), TimeSpan.FromSeconds(20), () => here.Bus.Health.Detail);
        first.Process.Thaw();
        Assert.True(took < TimeSpan.FromSeconds(15), $"It took {took}.");
    }

    [Fact]
    public async Task User_password_and_token_open_the_server_and_wrong_ones_are_told_without_being_shown()
    {
        await using var named = await NatsServer.StartAsync("authorization { user: \"muster\", password: \"s3cret/#@\" }");
        await using var right = await Plane.ConnectedAsync($"nats://muster:{Uri.EscapeDataString("s3cret/#@")}@127.0.0.1:{named.Port}");
        await using var wrong = new Plane($"nats://muster:WRONGPASS@127.0.0.1:{named.Port}");
        await Until.HoldsAsync(() => wrong.Bus.Health.Detail.Contains("Authorization Violation", StringComparison.OrdinalIgnoreCase), Recovery, () => wrong.Bus.Health.Detail);
        Assert.DoesNotContain("WRONGPASS", wrong.Bus.Health.Detail, StringComparison.Ordinal);
        Assert.True(right.Bus.Health.IsHealthy);

        await using var token = await NatsServer.StartAsync("authorization { token: \"tok3n\" }");
        await using var holder = await Plane.ConnectedAsync($"nats://tok3n@127.0.0.1:{token.Port}");
        await using var stranger = new Plane($"nats://127.0.0.1:{token.Port}");
        await Until.HoldsAsync(() => stranger.Bus.Health.Detail.Contains("Authorization Violation", StringComparison.OrdinalIgnoreCase), Recovery, () => stranger.Bus.Health.Detail);
    }

    [Fact]
    public async Task TLS_takes_the_authority_that_is_named_and_no_other()
    {
        using var certificate = new TestCertificate();
        using var other = new TestCertificate();
        await using var server = await NatsServer.StartTlsAsync(certificate);
        await using var here = await Plane.ConnectedAsync($"tls://127.0.0.1:{server.Port}?ca={Uri.EscapeDataString(certificate.AuthorityFile)}");
        await using var there = await Plane.ConnectedAsync($"tls://localhost:{server.Port}?ca={Uri.EscapeDataString(certificate.AuthorityFile)}");
        await using var listener = await Listener.AtAsync(there.Bus, "agents.FLT.>");
        await HealAsync(here, there, listener);

        foreach (var address in new[] { $"tls://127.0.0.1:{server.Port}?ca={Uri.EscapeDataString(other.AuthorityFile)}", $"tls://127.0.0.1:{server.Port}" })
        {
            await using var deceived = new Plane(address);
            await Until.HoldsAsync(() => deceived.Bus.Health.Detail.Contains("certificate", StringComparison.Ordinal), Recovery, () => deceived.Bus.Health.Detail);
        }

        await using var plain = await NatsServer.StartAsync();
        await using var downgraded = new Plane($"tls://127.0.0.1:{plain.Port}");
        await Until.HoldsAsync(() => downgraded.Bus.Health.Detail.Contains("no TLS", StringComparison.Ordinal), Recovery, () => downgraded.Bus.Health.Detail);
    }

    [Fact]
    public async Task A_message_larger_than_the_server_takes_stays_here_and_the_connection_lives()
    {
        await using var server = await NatsServer.StartAsync("max_payload: 1000");
        await using var here = await Plane.ConnectedAsync($"nats://127.0.0.1:{server.Port}");
        await using var there = await Plane.ConnectedAsync($"nats://127.0.0.1:{server.Port}");
        await using var listener = await Listener.AtAsync(there.Bus, "agents.FLT.>");
        Assert.False(here.Bus.Publish(Say.Text("agents.FLT.a", new string('x', 1000))).Beyond);
        Assert.True(here.Bus.Publish(Say.Text("agents.FLT.a", "small")).Beyond);
        await listener.HeardAsync(1);
        Assert.Equal(["small"], listener.Texts);
        Assert.True(here.Bus.Health.IsHealthy);
    }

    [Theory]
    [InlineData("http://host:4222", "no address")]
    [InlineData("nats://", "no address")]
    [InlineData("nats://muster:SECRET@host:4222/path", "path")]
    [InlineData("nats://muster:SECRET@host:4222?ca=x", "no TLS")]
    [InlineData("tls://muster:SECRET@host:4222?ca=/nowhere/ca.pem", "cannot be read")]
    [InlineData("tls://muster:SECRET@host:4222?verify=no", "not known")]
    [InlineData("", "No NATS server")]
    public void An_address_that_cannot_be_used_is_refused_with_the_reason_and_without_the_secret(string address, string reason)
    {
        var error = Assert.Throws<AddressException>(() => Integrations.Nats.NatsOptions.Parse(address));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Says something until it is heard at the other plane: at most once means that what was said too early is lost.</summary>
    private static Task<TimeSpan> HealAsync(Plane from, Plane to, Listener at)
    {
        var word = Guid.NewGuid().ToString("N");
        return Until.HoldsAsync(() =>
        {
            from.Bus.Publish(Say.Text("agents.FLT.heal", word));
            return at.Has(word);
        }, Recovery, () => $"{from.Bus.Health.Detail} | {to.Bus.Health.Detail}");
    }

    private sealed class Plane : IAsyncDisposable
    {
        private readonly IAsyncDisposable _connection;

        public Plane(string address)
        {
            var (link, connection) = BusRig.Nats(address);
            (_connection, Bus) = (connection, new MessageBus(link, TimeProvider.System));
        }

        public MessageBus Bus { get; }

        public static async Task<Plane> ConnectedAsync(string address)
        {
            var plane = new Plane(address);
            await Until.HoldsAsync(() => plane.Bus.Health.IsHealthy, Recovery, () => plane.Bus.Health.Detail);
            return plane;
        }

        public ValueTask DisposeAsync() => _connection.DisposeAsync();
    }
}
