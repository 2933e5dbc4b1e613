using ModelContextProtocol.Server;

namespace Muster.ControlPlane.Mcp;

/// <summary>Something that the plane offers over MCP. Each feature that offers something has one of its own.</summary>
public interface IMcpPart
{
    void AddTo(McpServerOptions options);
}
