using ModelContextProtocol.Server;
using Muster.ControlPlane.Mcp;

namespace Muster.Mcp;

/// <summary>The plane's tools for a program that started this one: messages on standard input and output, a line each.</summary>
internal static class StdioServer
{
    /// <summary>Runs until the other side closes standard input, or until it is told to stop.</summary>
    public static async Task RunAsync(IPlaneCalls plane, Stream input, Stream output, CancellationToken stop)
    {
        var offered = PlaneMcp.Create([]);
        offered.Filters.Message.IncomingFilters.Add(next => (message, ct) =>
        {
            Caller.Set(message.Items, plane);
            return next(message, ct);
        });
        await using var transport = new StreamServerTransport(input, output, "muster");
        await using var server = McpServer.Create(transport, offered);
        try
        {
            await server.RunAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop, which is how a client without manners ends it.
        }
    }
}
