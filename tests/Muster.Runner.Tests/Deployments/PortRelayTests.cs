using System.Net;
using System.Net.Sockets;
using System.Text;
using Muster.Runner.Deployments;

namespace Muster.Runner.Tests.Deployments;

public sealed class PortRelayTests
{
    [Fact]
    public async Task A_switch_moves_new_connections_and_leaves_the_open_one()
    {
        using var old = new EchoServer("old");
        using var next = new EchoServer("new");
        await using var relay = PortRelay.Listen(0);
        relay.Switch(old.Port);
        using var open = await Caller.ConnectAsync(relay.Port);
        Assert.Equal("old:1", await open.AskAsync("1"));

        relay.Switch(next.Port);

        Assert.Equal("old:2", await open.AskAsync("2"));
        using var fresh = await Caller.ConnectAsync(relay.Port);
        Assert.Equal("new:1", await fresh.AskAsync("1"));
        Assert.Equal("old:3", await open.AskAsync("3"));
    }

    [Fact]
    public async Task Draining_waits_for_open_connections_and_cuts_them_at_the_limit()
    {
        using var old = new EchoServer("old");
        using var next = new EchoServer("new");
        await using var relay = PortRelay.Listen(0);
        relay.Switch(old.Port);
        using var closes = await Caller.ConnectAsync(relay.Port);
        await closes.AskAsync("1");
        relay.Switch(next.Port);
        var draining = relay.DrainAsync(old.Port, TimeSpan.FromMinutes(1));
        Assert.False(draining.IsCompleted);
        closes.Dispose();
        await draining.WaitAsync(TimeSpan.FromSeconds(20));

        using var stays = await Caller.ConnectAsync(relay.Port);
        await stays.AskAsync("1");
        await relay.DrainAsync(next.Port, TimeSpan.FromMilliseconds(50));
        Assert.Null(await stays.AskAsync("2"));
    }

    [Fact]
    public async Task A_caller_waits_for_a_version_that_is_being_started()
    {
        await using var relay = PortRelay.Listen(0);
        using var early = await Caller.ConnectAsync(relay.Port);
        var answer = early.AskAsync("1");
        using var server = new EchoServer("up");
        relay.Switch(server.Port);
        Assert.Equal("up:1", await answer);
    }

    [Fact]
    public void A_taken_port_is_named_with_what_to_do()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var error = Assert.Throws<PortTakenException>(() => PortRelay.Listen(port));
        Assert.StartsWith($"Port {port} on 127.0.0.1 is taken by another program. Stop that program", error.Message, StringComparison.Ordinal);
    }

    private sealed class EchoServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly string _name;

        public EchoServer(string name)
        {
            _name = name;
            _listener.Start();
            _ = ServeAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true) _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task AnswerAsync(TcpClient client)
        {
            using var _ = client;
            using var reader = new StreamReader(client.GetStream());
            await using var writer = new StreamWriter(client.GetStream()) { AutoFlush = true };
            try
            {
                while (await reader.ReadLineAsync() is { } line) await writer.WriteLineAsync($"{_name}:{line}");
            }
            catch (IOException)
            {
                // Cut by the relay, as some tests want.
            }
        }
    }

    private sealed class Caller : IDisposable
    {
        private readonly TcpClient _client = new();

        public static async Task<Caller> ConnectAsync(int port)
        {
            var caller = new Caller();
            await caller._client.ConnectAsync(IPAddress.Loopback, port);
            return caller;
        }

        public async Task<string?> AskAsync(string text)
        {
            try
            {
                var stream = _client.GetStream();
                await stream.WriteAsync(Encoding.UTF8.GetBytes(text + "\n"));
                var reader = new StreamReader(stream, leaveOpen: true);
                return await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));
            }
            catch (IOException)
            {
                return null;
            }
        }

        public void Dispose() => _client.Dispose();
    }
}
