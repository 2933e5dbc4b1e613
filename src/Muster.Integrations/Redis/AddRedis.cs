using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Operations.State;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Redis;

public static class AddRedis
{
    /// <summary>Planes share their state in Redis, under a name that is their store's own: after a restore nothing of the former life is heeded.</summary>
    public static IServiceCollection AddRedisState(this IServiceCollection services, RedisOptions options) => services.AddSingleton<ISharedState>(s =>
    {
        var client = new RedisClient(options, s.GetRequiredService<ILogger<RedisClient>>(), s.GetRequiredService<TimeProvider>());
        return new RedisState(client, s.GetRequiredService<Store>().Incarnation[..12]);
    });
}
