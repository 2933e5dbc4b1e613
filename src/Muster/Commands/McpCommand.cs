using System.CommandLine;
using Muster.Hosting;
using Muster.Mcp;

namespace Muster.Commands;

internal static class McpCommand
{
    public static Command Create() => new Command("mcp", "Muster's tools for an editor or an agent, over MCP on standard input and output").Does(ServeAsync);

    private static async Task ServeAsync(Call call)
    {
        // Standard output belongs to the protocol; whatever else there is to say goes to standard error.
        await using var input = Console.OpenStandardInput();
        await using var output = Console.OpenStandardOutput();
        await StdioServer.RunAsync(new ClientCalls(call.Muster, Secret.FromEnvironment("MUSTER_LEASE")), input, output, call.Stop);
    }
}
