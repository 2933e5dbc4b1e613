using System.Net.Sockets;
using Muster.Client;

namespace Muster.Proof.Chaos;

/// <summary>The planes of a run, which serve one store, and how one of them is reached while others are gone.</summary>
internal sealed class Crew : IAsyncDisposable
{
    private readonly List<PlaneProcess> _planes = [];
    private readonly List<TcpProxy> _proxies = [];

    public IReadOnlyList<PlaneProcess> Planes => _planes;

    /// <summary>What stands between agents and planes.</summary>
    public IReadOnlyList<TcpProxy> Proxies => _proxies;

    /// <summary>Where agents find the planes.</summary>
    public IReadOnlyList<Uri> Addresses => _proxies.Count > 0 ? [.. _proxies.Select(p => p.Address)] : [.. _planes.Select(p => p.Address)];

    public static async Task<Crew> StartAsync(ChaosOptions options, Ground ground)
    {
        var crew = new Crew();
        try
        {
            for (var number = 1; number <= options.Planes; number++)
            {
                var plane = new PlaneProcess(options.Folder, options, ground, number == 1 ? "data" : $"data-{number}");
                crew._planes.Add(plane);
                await plane.StartAsync();
                if (options.Network) crew._proxies.Add(new TcpProxy(plane.Address.Port));
            }

            return crew;
        }
        catch
        {
            await crew.DisposeAsync();
            throw;
        }
    }

    /// <summary>The owner's client, past any proxy; it goes to another plane when one is gone.</summary>
    public MusterClient Client(int retries) => new(new MusterClientOptions
    {
        Server = _planes[0].Address,
        Token = _planes[0].Token,
        Timeout = TimeSpan.FromSeconds(5),
        MaxRetries = retries,
        // The plane says something every 15 s; a stream from a plane that was frozen is left soon.
        StreamSilence = TimeSpan.FromSeconds(18),
        Handler = Handler([.. _planes.Select(p => p.Address)]),
    });

    /// <summary>Connects to any of several planes: mostly to the one that answered last, now and then to another, and past those that do not answer.</summary>
    public static SocketsHttpHandler Handler(IReadOnlyList<Uri> planes)
    {
        var preferred = Random.Shared.Next(planes.Count);
        return new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            ConnectCallback = async (_, ct) =>
            {
                if (Random.Shared.Next(3) == 0) preferred = Random.Shared.Next(planes.Count);
                for (var tries = 1; ; tries++)
                {
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    try
                    {
                        await socket.ConnectAsync("127.0.0.1", planes[preferred].Port, ct);
                        return new NetworkStream(socket, ownsSocket: true);
                    }
                    catch (Exception error)
                    {
                        socket.Dispose();
                        preferred = (preferred + 1) % planes.Count;
                        if (error is not SocketException || tries >= planes.Count) throw;
                    }
                }
            },
        };
    }

    /// <summary>Whoever is gone is started again, and the weather is fair.</summary>
    public async Task PeaceAsync()
    {
        foreach (var proxy in _proxies) proxy.Set(Weather.Fair);
        await ReviveAsync();
    }

    /// <summary>Planes that have ended are started again.</summary>
    public async Task ReviveAsync()
    {
        foreach (var plane in _planes) await plane.ReviveAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies) await proxy.DisposeAsync();
        foreach (var plane in _planes) await plane.DisposeAsync();
    }
}
