using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Events.Bus;
using Muster.Integrations.Nats;
using Muster.Integrations.Postgres;

namespace Muster.Conformance.Bus;

/// <summary>One kind of bus with its real server: the same tests run on each.</summary>
public sealed class BusRig : IAsyncDisposable
{
    private readonly Func<(IBusLink Link, IAsyncDisposable? Connection)> _link;
    private readonly IAsyncDisposable? _server;
    private readonly List<IAsyncDisposable> _made = [];
    private readonly bool _linked;
    private MessageBus? _only;

    private BusRig(Func<(IBusLink, IAsyncDisposable?)> link, IAsyncDisposable? server, bool linked = true) => (_link, _server, _linked) = (link, server, linked);

    /// <summary>Every adapter of the port.</summary>
    public static TheoryData<string> Kinds => ["in-process", "nats", "postgres"];

    public static async Task<BusRig> StartAsync(string kind)
    {
        switch (kind)
        {
            case "in-process":
                return new BusRig(() => (new NoLink(), null), null, linked: false);
            case "nats":
                var server = await NatsServer.StartAsync();
                return new BusRig(() => Nats($"nats://127.0.0.1:{server.Port}"), server);
            case "postgres":
                var database = await SharedPostgres.DatabaseAsync();
                return new BusRig(() => Postgres(database), null) { KnowsWhoListens = false };
            default:
                throw new ArgumentException($"There is no bus '{kind}'.", nameof(kind));
        }
    }

    /// <summary>Whether it can tell at once that nobody beyond listens; otherwise a request to nobody ends with its time.</summary>
    public bool KnowsWhoListens { get; private init; } = true;

    public static (IBusLink Link, IAsyncDisposable Connection) Postgres(string address)
    {
        var link = new PostgresBus(PostgresAddress.Parse(address), NullLogger.Instance);
        return (link, link);
    }

    public static (IBusLink Link, IAsyncDisposable Connection) Nats(string address)
    {
        var client = new NatsClient(NatsOptions.Parse(address), NullLogger.Instance, TimeProvider.System);
        return (new NatsBusLink(client), client);
    }

    /// <summary>The bus of another plane, connected; without a link there is only one plane and it is its bus.</summary>
    public async Task<MessageBus> PlaneAsync()
    {
        if (!_linked && _only is not null) return _only;
        var (link, connection) = _link();
        if (connection is not null) _made.Add(connection);
        var bus = _only = new MessageBus(link, TimeProvider.System);
        await Until.HoldsAsync(() => bus.Health.IsHealthy, TimeSpan.FromSeconds(10), () => bus.Health.Detail);
        return bus;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var made in _made) await made.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
    }
}
