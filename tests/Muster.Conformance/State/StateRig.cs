using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Operations.State;
using Muster.Integrations.Postgres;
using Muster.Integrations.Redis;

namespace Muster.Conformance.State;

/// <summary>One kind of shared state with its real server: the same tests run on each.</summary>
public sealed class StateRig : IAsyncDisposable
{
    private readonly Func<ISharedState> _make;
    private readonly IAsyncDisposable? _server;
    private readonly List<ISharedState> _made = [];

    private StateRig(Func<ISharedState> make, IAsyncDisposable? server) => (_make, _server) = (make, server);

    /// <summary>Every adapter of the port.</summary>
    public static TheoryData<string> Kinds => ["in-process", "redis", "postgres"];

    public static async Task<StateRig> StartAsync(string kind)
    {
        switch (kind)
        {
            case "in-process":
                var only = new LocalState(TimeProvider.System);
                return new StateRig(() => only, null);
            case "redis":
                var server = await RedisServer.StartAsync();
                return new StateRig(() => Redis($"redis://127.0.0.1:{server.Port}/3"), server);
            case "postgres":
                var database = await SharedPostgres.DatabaseAsync();
                return new StateRig(() => Postgres(database), null);
            default:
                throw new ArgumentException($"There is no state '{kind}'.", nameof(kind));
        }
    }

    public static PostgresState Postgres(string address) => new PostgresState(PostgresAddress.Parse(address), "test", NullLogger.Instance).Started();

    public static RedisState Redis(string address) => new(new RedisClient(RedisOptions.Parse(address), NullLogger.Instance, TimeProvider.System), "test");

    /// <summary>The state as another plane has it.</summary>
    public async Task<ISharedState> PlaneAsync()
    {
        var state = _make();
        _made.Add(state);
        await HealthyAsync(state);
        return state;
    }

    public static Task<TimeSpan> HealthyAsync(ISharedState state) => Until.HoldsAsync(() => state.Health.IsHealthy, TimeSpan.FromSeconds(10), () => state.Health.Detail);

    public async ValueTask DisposeAsync()
    {
        foreach (var state in _made) await state.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
    }
}
