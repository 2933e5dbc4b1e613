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
        services.AddSingleton<McpOffer>();
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
        routes.MapPost(Routes.Mcp, (HttpContext http) => Api(http).PostAsync(http)).Admit(Access.Read).ExcludeFromDescription();
        routes.MapGet(Routes.Mcp, (HttpContext http) => Api(http).GetAsync(http)).Admit(Access.Read).Lasts().ExcludeFromDescription();
        routes.MapDelete(Routes.Mcp, (HttpContext http) => Api(http).DeleteAsync(http)).Admit(Access.Read).ExcludeFromDescription();
    }

    // Not before somebody calls: a plane without such callers does not load the protocol's library.
    private static McpApi Api(HttpContext http) => http.RequestServices.GetRequiredService<McpApi>();
}
