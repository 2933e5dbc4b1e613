using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Muster.Runner.Deployments;

/// <summary>The front port is in use by somebody else. The message names it and what to do.</summary>
public sealed class PortTakenException(int port) : Exception(
    $"Port {port} on 127.0.0.1 is taken by another program. Stop that program (ss -ltnp 'sport = :{port}' shows it), or give another port for this environment in muster.yaml.")
{
    public int Port { get; } = port;
}

/// <summary>
/// Holds the port that stays the same and passes connections on to whichever version serves now. New connections follow
/// <see cref="Switch"/> at once; open ones stay with the version they began with until <see cref="DrainAsync"/> cuts them.
/// </summary>
public sealed class PortRelay : IAsyncDisposable
{
    // A version that is being started again is waited for rather than refused.
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5);

    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<RelayedConnection, int> _open = new();
    private readonly Task _accepting;
    private volatile int _backend;

    private PortRelay(TcpListener listener)
    {
        _listener = listener;
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <param name="port">The port to hold; 0 takes a free one.</param>
    /// <exception cref="PortTakenException">Somebody else has it.</exception>
    public static PortRelay Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start(backlog: 512);
            return new PortRelay(listener);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            listener.Dispose();
            throw new PortTakenException(port);
        }
    }

    /// <summary>From now on new connections go to this port.</summary>
    public void Switch(int backend) => _backend = backend;

    /// <summary>Waits until no connection to a former version is open, and cuts those that are after the limit.</summary>
    public async Task DrainAsync(int formerBackend, TimeSpan limit)
    {
        var open = Of(formerBackend);
        await Task.WhenAny(Task.WhenAll(open.Select(connection => connection.Done)), Task.Delay(limit));
        foreach (var connection in Of(formerBackend)) connection.Cut();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        foreach (var connection in _open.Keys) connection.Cut();
        await Task.WhenAll(_open.Keys.Select(connection => connection.Done));
        _stopping.Dispose();
    }

    private List<RelayedConnection> Of(int backend) => [.. _open.Where(entry => entry.Value == backend).Select(entry => entry.Key)];

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptSocketAsync(_stopping.Token);
                _ = RelayAsync(client);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // One caller went away between knocking and being let in; the next is not affected.
            }
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var _ = client;
        using var connection = new RelayedConnection(client);
        try
        {
            var (server, backend) = await ConnectAsync();
            using var ownServer = server;
            _open[connection] = backend;
            await connection.RunAsync(server, _stopping.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Nobody serves, or we stop: closing the caller's connection says so.
        }
        finally
        {
            _open.TryRemove(connection, out var _);
            connection.Finish();
        }
    }

    private async Task<(Socket Server, int Backend)> ConnectAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        patience.CancelAfter(ConnectPatience);
        while (true)
        {
            var backend = _backend;
            var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                if (backend != 0)
                {
                    await server.ConnectAsync(IPAddress.Loopback, backend, patience.Token);
                    return (server, backend);
                }
            }
            catch (SocketException)
            {
                // Not listening at the moment; within our patience it may be started again, on another port.
            }
            catch
            {
                server.Dispose();
                throw;
            }

            server.Dispose();
            await Task.Delay(TimeSpan.FromMilliseconds(50), patience.Token);
        }
    }
}
