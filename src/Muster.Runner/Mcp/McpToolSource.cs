using Muster.Runner.Builtin;
using Muster.Runner.Executors;

namespace Muster.Runner.Mcp;

/// <summary>The tools of the servers that are declared for an attempt and that a person approved. Nothing is started before a tool is called.</summary>
/// <param name="catalog">What is declared on this host.</param>
/// <param name="role">The agent's role.</param>
public sealed class McpToolSource(McpCatalog catalog, string? role) : IToolSource
{
    public string Name => "MCP servers";

    public Task<IToolSession> OpenAsync(Attempt attempt, CancellationToken cancellation) => Task.FromResult<IToolSession>(Open(attempt));

    /// <summary>The same, for who needs more than the port.</summary>
    internal McpToolSession Open(Attempt attempt)
    {
        List<McpServer> approved = [];
        var offered = catalog.For(attempt, attempt.Role?.Name ?? role, attempt.Log);
        Dictionary<string, McpPin> pins = new(StringComparer.Ordinal);
        foreach (var server in offered)
        {
            if (catalog.Pins.Find(server) is not { } pin)
            {
                attempt.Log($"MCP: {server} of {server.From} is not approved on this host, so its tools are not offered. A person approves it with: muster mcp approve {server.Name}{(catalog.IsOwn(server) ? "" : $" --from {server.From}")}");
                continue;
            }

            approved.Add(server);
            pins[server.Name] = pin;
        }

        return new McpToolSession(attempt, approved, pins, catalog.Secrets());
    }
}
