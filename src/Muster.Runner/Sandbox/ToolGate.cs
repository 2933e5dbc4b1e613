using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Muster.Runner.Sandbox;

/// <summary>
/// The one way of a tool to the network: an HTTP proxy on a socket of the file system, which lets through to the hosts that the
/// tool's manifest names and to nothing else. It looks names up itself and connects to the address that it has judged.
/// </summary>
public sealed class ToolGate : IAsyncDisposable
{
    public const string SocketName = "gate.sock";

    private const int MostConnections = 32;
    private const int MostHeadBytes = 32 * 1024;
    private const int MostNoted = 20;
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);

    private readonly GateRules _rules;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _lookUp;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _room = new(MostConnections);
    private readonly ConcurrentDictionary<string, int> _passed = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _refused = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<Task> _open = [];
    private readonly Task _accepting;

    private ToolGate(string folder, GateRules rules, Func<string, CancellationToken, Task<IPAddress[]>> lookUp)
    {
        (_rules, _lookUp) = (rules, lookUp);
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, SocketName)));
        _listener.Listen(MostConnections);
        _accepting = AcceptAsync();
    }

    /// <param name="folder">Of its own; the tool sees it.</param>
    /// <param name="hosts">As a manifest names them; none lets nothing through.</param>
    /// <param name="lookUp">Finds the addresses of a name; the system's when left out.</param>
    public static ToolGate Open(string folder, IReadOnlyList<string> hosts, Func<string, CancellationToken, Task<IPAddress[]>>? lookUp = null) =>
        new(folder, new GateRules(hosts), lookUp ?? Dns.GetHostAddressesAsync);

    /// <summary>What went through and what did not, for the record; null when nobody knocked.</summary>
    public string? Told => (Some("reached", _passed), Some("refused", _refused)) switch
    {
        (null, null) => null,
        var (reached, refused) => string.Join("; ", new[] { reached, refused }.Where(text => text is not null)),
    };

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_open);
        _stopping.Dispose();
        _room.Dispose();
    }

    private static string? Some(string what, ConcurrentDictionary<string, int> hosts) => hosts.IsEmpty ? null
        : $"{what} {string.Join(", ", hosts.OrderBy(h => h.Key, StringComparer.Ordinal).Take(MostNoted).Select(h => h.Value == 1 ? h.Key : $"{h.Key} ({h.Value} times)"))}";

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _room.WaitAsync(_stopping.Token);
                _open.Add(ServeAsync(await _listener.AcceptAsync(_stopping.Token)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The tool has ended, and its gate with it.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var client = new NetworkStream(socket, ownsSocket: true);
        try
        {
            if (await GateRequest.ReadAsync(client, MostHeadBytes, _stopping.Token) is not { } request)
            {
                await AnswerAsync(client, "400 Bad Request", "This is no request that a proxy takes.");
                return;
            }

            using var upstream = await ConnectAsync(client, request);
            if (upstream is null) return;
            await using var server = new NetworkStream(upstream, ownsSocket: false);
            if (request.IsTunnel) await client.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), _stopping.Token);
            else await server.WriteAsync(request.Forwarded(), _stopping.Token);
            await server.WriteAsync(request.Rest, _stopping.Token);
            await PumpAsync(client, server, upstream);
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One of the two hung up, or the tool has ended. The tool sees it as the end of its connection.
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task<Socket?> ConnectAsync(NetworkStream client, GateRequest request)
    {
        var target = $"{request.Host}:{request.Port}";
        var why = _rules.Names(request.Host, request.Port) ? null : $"The tool's manifest does not name {target}.";
        IPAddress? address = null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        patience.CancelAfter(ConnectPatience);
        try
        {
            if (why is null)
            {
                var found = IPAddress.TryParse(request.Host.Trim('[', ']'), out var literal) ? [literal] : await _lookUp(request.Host, patience.Token);
                address = found.FirstOrDefault(one => GateRules.MayReach(request.Host, one));
                if (address is null) why = found.Length == 0 ? $"There is no address of {request.Host}." : $"{request.Host} is an address of this machine or its network, which a manifest must name by the address itself.";
            }

            if (why is not null)
            {
                Note(_refused, target);
                await AnswerAsync(client, "403 Forbidden", why);
                return null;
            }

            var upstream = new Socket(address!.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await upstream.ConnectAsync(new IPEndPoint(address, request.Port), patience.Token);
            }
            catch
            {
                upstream.Dispose();
                throw;
            }

            Note(_passed, target);
            return upstream;
        }
        catch (Exception error) when (error is SocketException || (error is OperationCanceledException && !_stopping.IsCancellationRequested))
        {
            await AnswerAsync(client, "502 Bad Gateway", $"{target} cannot be reached: {(error is SocketException ? error.Message : "it does not answer")}");
            return null;
        }
    }

    private async Task PumpAsync(NetworkStream client, NetworkStream server, Socket upstream)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var up = CopyAsync(client, server, over.Token);
        var down = CopyAsync(server, client, over.Token);
        // The server's end is the end of both; the client's may come first, since it has nothing more to say.
        if (await Task.WhenAny(up, down) == up)
        {
            await up;
            upstream.Shutdown(SocketShutdown.Send);
            await down;
        }

        await over.CancelAsync();
    }

    private static async Task CopyAsync(NetworkStream from, NetworkStream to, CancellationToken ct) => await from.CopyToAsync(to, 16 * 1024, ct);

    private async Task AnswerAsync(NetworkStream client, string status, string why)
    {
        var body = Encoding.UTF8.GetBytes(why + "\n");
        await client.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), _stopping.Token);
        await client.WriteAsync(body, _stopping.Token);
    }

    // A tool may knock at as many doors as there are names; the record holds some of them.
    private static void Note(ConcurrentDictionary<string, int> where, string target)
    {
        if (where.Count < MostNoted || where.ContainsKey(target)) where.AddOrUpdate(target, 1, (_, count) => count + 1);
    }
}
