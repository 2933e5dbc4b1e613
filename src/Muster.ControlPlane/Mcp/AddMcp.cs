using ModelContextProtocol.Server;
using Muster.Contracts;
using Muster.ControlPlane.Mcp.Http;
using Muster.ControlPlane.Security;

namespace Muster.ControlPlane.Mcp;

/// <summary>The plane as a server of the Model Context Protocol.</summary>
public static class AddMcpExtensions
{
    public static IServiceCollection AddMcp(this IServiceCollection services)
    {
        services.AddSingleton<InnerPipeline>();
        services.AddSingleton(new McpLimits());
        services.AddSingleton<McpOrigins>();
        // Made for the first who asks: the schemas of all tools took a seventh of a start.
        services.AddSingleton(s => new Lazy<McpServerOptions>(() => PlaneMcp.Create(s.GetServices<IMcpPart>())));
        services.AddSingleton<McpSessions>();
        services.AddHostedService(s => s.GetRequiredService<McpSessions>());
        return services.AddSingleton<McpApi>();
    }

    /// <summary>Stands before all else of the pipeline: what follows is what a call from inside passes through.</summary>
    public static WebApplication UseInnerCalls(this WebApplication app)
    {
        app.Use(next => app.Services.GetRequiredService<InnerPipeline>().Hold(next));
        return app;
    }

    public static void MapMcp(this IEndpointRouteBuilder routes)
    {
        var api = routes.ServiceProvider.GetRequiredService<McpApi>();
        routes.MapPost(Routes.Mcp, (HttpContext http) => api.PostAsync(http)).Admit(Access.Read).ExcludeFromDescription();
        routes.MapGet(Routes.Mcp, (HttpContext http) => api.GetAsync(http)).Admit(Access.Read).ExcludeFromDescription();
        routes.MapDelete(Routes.Mcp, (HttpContext http) => api.DeleteAsync(http)).Admit(Access.Read).ExcludeFromDescription();
    }
}
