using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Muster.Proof.Chaos;

/// <summary>What the network does to connections.</summary>
internal enum Weather
{
    Fair,

    /// <summary>Every piece is held up.</summary>
    Slow,

    /// <summary>Connections stay open and nothing goes through, in either direction.</summary>
    HalfOpen,

    /// <summary>What is sent arrives; what is answered does not.</summary>
    AnswersLost,

    /// <summary>Nobody gets in.</summary>
    Refused,

    /// <summary>Connections end after some bytes, wherever in a message that is.</summary>
    Cutting,
}

/// <summary>A relay before a plane or one of its servers, whose weather can be changed at any moment. Needs no rights, unlike the kernel's own means.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, byte> _open = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly int _target;
    private volatile Weather _weather;
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TcpProxy(int target)
    {
        _target = target;
        _listener.Start();
        _ = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public void Set(Weather weather)
    {
        // Whoever waits has looked for the change before it looked at the weather.
        _weather = weather;
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Ends every open connection, in the middle of whatever it carries; with a reset or with a plain end.</summary>
    public void Cut(bool reset)
    {
        foreach (var client in _open.Keys) End(client, reset);
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        Cut(reset: true);
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = RelayAsync(await _listener.AcceptTcpClientAsync(_ended.Token));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy is over.
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        _open[client] = 0;
        try
        {
            if (_weather == Weather.Refused) return;
            await server.ConnectAsync(IPAddress.Loopback, _target, _ended.Token);
            _open[server] = 0;
            await Task.WhenAny(PumpAsync(client.GetStream(), server.GetStream(), answers: false), PumpAsync(server.GetStream(), client.GetStream(), answers: true));
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Either side is gone, so both are.
        }
        finally
        {
            _open.TryRemove(client, out _);
            _open.TryRemove(server, out _);
            client.Dispose();
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, bool answers)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, _ended.Token) is > 0 and var count)
            {
                if (_weather == Weather.Slow) await Task.Delay(Random.Shared.Next(20, 150), _ended.Token);
                if (_weather == Weather.AnswersLost && answers) continue;
                for (var changed = _changed; _weather == Weather.HalfOpen; changed = _changed) await changed.Task.WaitAsync(_ended.Token);
                var cut = _weather == Weather.Cutting && Random.Shared.Next(4) == 0;
                await to.WriteAsync(buffer.AsMemory(0, cut ? Random.Shared.Next(count) : count), _ended.Token);
                if (cut) return;
            }
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The connection was cut; its other direction ends with it.
        }
    }

    private static void End(TcpClient client, bool reset)
    {
        if (reset && client.Client is { } socket) socket.LingerState = new LingerOption(true, 0);
        client.Close();
    }
}
