using ModelContextProtocol.Server;

namespace Muster.ControlPlane.Mcp;

/// <summary>What the plane offers, made for the first who asks: the schemas of all tools took a seventh of a start.</summary>
internal sealed class McpOffer(IServiceProvider services)
{
    private readonly Lock _making = new();
    private McpServerOptions? _made;

    public McpServerOptions Made()
    {
        lock (_making) return _made ??= PlaneMcp.Create(services.GetServices<IMcpPart>());
    }
}
