using Muster.ControlPlane.Models.Recording;

namespace Muster.ControlPlane.Models.Calling;

public static class ModelCalling
{
    /// <summary>Adds the router, its providers, and the watch over those that are down.</summary>
    public static IServiceCollection AddModelCalling(this IServiceCollection services, ModelSetup setup) => services
        .AddSingleton(setup).AddSingleton(setup.Routes).AddSingleton(RouterOptions.Default)
        .AddSingleton(_ => setup.CreateProviders())
        .AddSingleton<ProviderHealth>().AddSingleton<Recordings>().AddSingleton<ModelRouter>()
        .AddSingleton<HealthWatch>().AddHostedService(s => s.GetRequiredService<HealthWatch>());
}
