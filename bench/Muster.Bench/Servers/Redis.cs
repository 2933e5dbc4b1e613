using System.Globalization;
using System.Net.Sockets;
using Muster.Bench.Measure;

namespace Muster.Bench.Servers;

/// <summary>A Redis server of the run's own: in memory only, or with every write flushed to disk before the answer.</summary>
internal sealed class Redis : IAsyncDisposable
{
    private readonly Child _child;

    private Redis(Child child, int port) => (_child, Port) = (child, port);

    public int Port { get; }

    public Usage Usage() => _child.Usage();

    public static async Task<Redis> StartAsync(string folder, bool flush, CancellationToken ct)
    {
        var program = Tools.Require(Tools.Find("redis-server"), "Redis", "redis-server");
        var port = Tools.FreePort();
        string[] durable = flush ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
        var child = Child.Start(program, ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", folder, "--save", "", .. durable]);
        child.Drain();
        var server = new Redis(child, port);
        while (!await AnswersAsync(port, ct))
        {
            if (child.HasEnded) throw new InvalidOperationException($"Redis did not start: {child.Complaints}");
            await Task.Delay(20, ct);
        }

        return server;
    }

    public ValueTask DisposeAsync() => _child.DisposeAsync();

    private static async Task<bool> AnswersAsync(int port, CancellationToken ct)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(System.Net.IPAddress.Loopback, port, ct);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
