using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Operations.State;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Postgres;

public static class AddPostgres
{
    /// <summary>The bus reaches the other planes of a database.</summary>
    public static IServiceCollection AddPostgresBus(this IServiceCollection services, PostgresAddress address) =>
        services.AddSingleton<IBusLink>(s => new PostgresBus(address, s.GetRequiredService<ILogger<PostgresBus>>()));

    /// <summary>Planes share their state in a database.</summary>
    public static IServiceCollection AddPostgresState(this IServiceCollection services, PostgresAddress address) =>
        services.AddSingleton<ISharedState>(s => new PostgresState(address, s.GetRequiredService<Store>().Incarnation[..12], s.GetRequiredService<ILogger<PostgresState>>()).Started());
}
