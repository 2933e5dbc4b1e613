using Microsoft.Extensions.DependencyInjection.Extensions;
using Muster.ControlPlane.Models.Budgets;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Gateway;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Models.Recording;

namespace Muster.ControlPlane.Models;

public static class AddModelsExtensions
{
    /// <summary>The model gateway. The caller adds what it may ask: <see cref="ModelRoutes"/> and <see cref="ModelProviders"/>.</summary>
    public static IServiceCollection AddModels(this IServiceCollection services)
    {
        // Without any, every call is refused with what to set up; what is added behind this takes its place.
        services.TryAddSingleton(_ => new ModelSetup { Routes = new ModelRoutes([], [], []), Providers = [] });
        services.TryAddSingleton(s => s.GetRequiredService<ModelSetup>().Routes);
        services.TryAddSingleton(s => s.GetRequiredService<ModelSetup>().CreateProviders());
        services.TryAddSingleton(RouterOptions.Default);
        services.TryAddSingleton<ProviderHealth>();
        services.TryAddSingleton<Recordings>();
        services.TryAddSingleton<ModelRouter>();
        return services
            .AddSingleton(s => new PriceTable(s.GetRequiredService<ControlPlaneOptions>().PriceFiles))
            .AddSingleton<CallBook>().AddSingleton<CallsUnderWay>().AddSingleton<ModelGateway>().AddSingleton<IModels, PlaneModels>()
            .AddHostedService<HoldKeeper>();
    }

    public static void MapAllModels(this IEndpointRouteBuilder routes)
    {
        routes.MapModelUsage();
        routes.MapModels();
        routes.MapCost();
        routes.MapBudgets();
        routes.MapLlm();
    }
}
