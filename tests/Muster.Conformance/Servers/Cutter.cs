using System.Net;
using System.Net.Sockets;

namespace Muster.Conformance.Servers;

/// <summary>
/// A TCP proxy before a server that cuts connections at an exact byte of either direction, or all at once. What came before the cut is
/// passed on; what came after it is not.
/// </summary>
public sealed class Cutter : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _target;
    private readonly Task _accepting;
    private readonly List<TcpClient> _open = [];
    private readonly List<Task> _running = [];

    public Cutter(int target)
    {
        _target = target;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Bytes from the server after which the next connections are cut; null lets them live.</summary>
    public long? CutDown { get; set; }

    /// <summary>Bytes to the server after which the next connections are cut; null lets them live.</summary>
    public long? CutUp { get; set; }

    /// <summary>Connections cut so far.</summary>
    public int Cuts { get; private set; }

    /// <summary>Cuts every connection that is open now.</summary>
    public void CutAll()
    {
        lock (_open)
            foreach (var client in _open) client.Close();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        CutAll();
        await _accepting;
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _running.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy was stopped.
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            lock (_open) _open.AddRange([client, server]);
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _target);
                var (down, up) = (CutDown, CutUp);
                await Task.WhenAny(PumpAsync(server, client, down), PumpAsync(client, server, up));
            }
            catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
            {
                // Either end is gone; the other one is cut with it.
            }

            lock (_open)
            {
                _open.Remove(client);
                _open.Remove(server);
            }
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, long? limit)
    {
        var buffer = new byte[16 * 1024];
        var left = limit ?? long.MaxValue;
        try
        {
            while (left > 0)
            {
                var read = await from.GetStream().ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)));
                if (read == 0) return;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
                left -= read;
            }

            Cuts++;
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed under our hands: a cut like any other.
        }
    }
}
