using System.Net;
using System.Net.Sockets;
using System.Text;
using Muster.Contracts.Tools;
using Muster.Runner.Sandbox;
using Muster.Runner.Tools;

namespace Muster.Runner.Tests.Tools;

/// <summary>A tool reaches the hosts that its manifest names, and nothing else of the network (B6, A10). Needs bubblewrap and python3.</summary>
[Trait("req", "B6")]
public sealed class ToolGateTests
{
    private const string Ask =
        """
        import json, sys, urllib.request
        said = []
        for url in json.load(sys.stdin)['urls']:
            try:
                said.append(urllib.request.urlopen(url, timeout=10).read().decode().strip())
            except urllib.error.HTTPError as e:
                said.append('%d %s' % (e.code, e.read().decode().strip()))
            except OSError as e:
                said.append('failed')
        print(json.dumps({'said': ' | '.join(said)}))
        """;

    [Fact]
    public async Task It_reaches_what_a_person_approved_and_the_rest_is_refused_and_told()
    {
        using var stage = await ToolBenchStage.StartAsync();
        await using var named = new Greeter("hello");
        await using var other = new Greeter("NOT NAMED");
        ToolManifest Change(ToolManifest manifest) => manifest with { Permissions = new ToolPermissions { Network = [$"127.0.0.1:{named.Port}"] } };
        var input = $$"""{"urls":["http://127.0.0.1:{{named.Port}}/a","http://127.0.0.1:{{named.Port}}/b","http://127.0.0.1:{{other.Port}}/"]}""";
        var outcome = await stage.RunAsync(ToolLanguages.Python, Ask, input, Change);

        Assert.True(outcome.Outcome == ToolOutcomes.Ok, outcome.Detail);
        Assert.Equal($"hello /a | hello /b | 403 The tool's manifest does not name 127.0.0.1:{other.Port}.", outcome.Output!.Value.GetProperty("said").GetString());
        Assert.Equal($"Network: reached 127.0.0.1:{named.Port} (2 times); refused 127.0.0.1:{other.Port}", outcome.Detail);
        Assert.Equal((2, 0), (named.Calls, other.Calls));

        // By another client, through a tunnel.
        var shell = await stage.RunAsync(ToolLanguages.Shell, $"printf '{{\"said\":\"%s\"}}' \"$(curl -sS -p --max-time 10 http://127.0.0.1:{named.Port}/t)\"", change: m => m with { Permissions = new ToolPermissions { Network = [$"127.0.0.1:{named.Port}"], Programs = ["curl"] } });
        Assert.True(shell.Outcome == ToolOutcomes.Ok, shell.Detail);
        Assert.Equal("hello /t", shell.Output!.Value.GetProperty("said").GetString());
        // Before a person has approved it, its tests find the gate shut.
        var package = ToolBenchStage.Package(ToolLanguages.Python, Ask, Change) with { Tests = [new ToolTest { Name = "shut", Input = ToolBenchStage.Json(input), Output = ToolBenchStage.Json("{}") }] };
        var test = Assert.Single(await new ToolTests(stage.Bench).RunAsync(package, ToolHash.Of(package), CancellationToken.None));
        Assert.DoesNotContain("hello", test.Detail, StringComparison.Ordinal);
        Assert.Contains("403", test.Detail, StringComparison.Ordinal);
        Assert.Equal((3, 0), (named.Calls, other.Calls));
    }

    [Theory]
    [InlineData("api.example.com", "api.example.com", 443, true)]
    [InlineData("API.example.com", "api.EXAMPLE.com.", 443, true)]
    [InlineData("api.example.com", "api.example.com", 80, false)]
    [InlineData("api.example.com:8443", "api.example.com", 8443, true)]
    [InlineData("api.example.com:8443", "api.example.com", 443, false)]
    [InlineData("example.com", "api.example.com", 443, false)]
    [InlineData("api.example.com", "api.example.com.evil.test", 443, false)]
    public void A_host_is_named_exactly(string manifest, string host, int port, bool named) => Assert.Equal(named, new GateRules([manifest]).Names(host, port));

    [Theory]
    [InlineData("a.test", "93.184.216.34", true)]
    [InlineData("a.test", "2606:2800:220:1::1", true)]
    [InlineData("a.test", "127.0.0.1", false)]
    [InlineData("a.test", "10.1.2.3", false)]
    [InlineData("a.test", "172.31.0.1", false)]
    [InlineData("a.test", "192.168.1.1", false)]
    [InlineData("a.test", "169.254.169.254", false)]
    [InlineData("a.test", "100.64.0.1", false)]
    [InlineData("a.test", "0.0.0.0", false)]
    [InlineData("a.test", "::1", false)]
    [InlineData("a.test", "::ffff:127.0.0.1", false)]
    [InlineData("a.test", "64:ff9b::a00:1", false)]
    [InlineData("a.test", "2002:7f00:1::", false)]
    [InlineData("a.test", "fe80::1", false)]
    [InlineData("a.test", "fd00::1", false)]
    [InlineData("10.1.2.3", "10.1.2.3", true)]
    [InlineData("localhost", "127.0.0.1", true)]
    public void A_name_leads_to_no_address_inside_whoever_owns_it(string host, string address, bool may) => Assert.Equal(may, GateRules.MayReach(host, IPAddress.Parse(address)));

    [Fact]
    public async Task A_name_that_points_inside_and_words_that_are_no_request_get_nowhere()
    {
        await using var inside = new Greeter("SECRET");
        using var folder = new TempFolder();
        await using var gate = ToolGate.Open(folder.Path, [$"rebound.test:{inside.Port}"], (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
        async Task<string> SayAsync(string words)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(folder.Path, ToolGate.SocketName)));
            using var stream = new NetworkStream(socket);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(words));
            socket.Shutdown(SocketShutdown.Send);
            return await new StreamReader(stream).ReadToEndAsync();
        }

        Assert.Contains("a manifest must name by the address itself", await SayAsync($"CONNECT rebound.test:{inside.Port} HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        foreach (var words in (string[])["", "GET / HTTP/1.1\r\n\r\n", "CONNECT rebound.test HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n", $"GET http://a:b@rebound.test:{inside.Port}/ HTTP/1.1\r\n\r\n", new string('x', 32 * 1024)])
            Assert.StartsWith("HTTP/1.1 400", await SayAsync(words), StringComparison.Ordinal);
        // What was judged is what is asked for, whatever header comes with it.
        Assert.StartsWith("HTTP/1.1 403", await SayAsync($"GET http://127.0.0.1:{inside.Port}/ HTTP/1.1\r\nHost: rebound.test:{inside.Port}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal(0, inside.Calls);
        Assert.Equal($"refused 127.0.0.1:{inside.Port}, rebound.test:{inside.Port}", gate.Told);
    }

    /// <summary>Answers every request with a word and its path.</summary>
    private sealed class Greeter : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly string _word;
        private readonly Task _serving;
        private int _calls;

        public Greeter(string word)
        {
            _word = word;
            _listener.Start();
            _serving = ServeAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Calls => Volatile.Read(ref _calls);

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _serving;
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    using var reader = new StreamReader(client.GetStream());
                    var path = (await reader.ReadLineAsync())!.Split(' ')[1];
                    while (await reader.ReadLineAsync() is { Length: > 0 })
                    {
                    }

                    Interlocked.Increment(ref _calls);
                    var body = $"{_word} {path}";
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"));
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Stopped.
            }
        }
    }
}
