using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Muster.ControlPlane.Tools;

/// <summary>Tools that agents make, tested and approved here and run on hosts (B6); and artifacts.</summary>
public static class AddToolsExtensions
{
    public static IServiceCollection AddTools(this IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ToolOptions>, ToolOptionsCheck>());
        services.AddOptions<ToolOptions>().BindConfiguration(ToolOptions.Section).ValidateOnStart();
        return services.AddSingleton<ArtifactStore>().AddSingleton<ToolLifecycle>().AddSingleton<ToolJobs>().AddSingleton<EndToolJob>().AddSingleton<ToolCalls>().AddSingleton<RunToolOnce>();
    }

    public static void MapTools(this IEndpointRouteBuilder routes)
    {
        ToolsApi.Map(routes);
        ToolVersionsApi.Map(routes);
        ToolCallsApi.Map(routes);
        ToolJobsApi.Map(routes);
    }
}
