using System.Text.Json;
using Muster.Client;
using Muster.Runner.Builtin;
using Muster.Runner.Builtin.Tools;

namespace Muster.Runner.Agents;

/// <summary>Tools that ask the plane: what it refuses is an answer for the model, except that a lost lease ends the attempt.</summary>
internal sealed class PlaneToolSession(IReadOnlyList<AgentTool> tools) : IToolSession
{
    public IReadOnlyList<ToolDeclaration> Tools => [.. tools.Select(tool => tool.Declaration)];

    public async Task<ToolResult> CallAsync(string tool, JsonElement arguments, CancellationToken cancellation)
    {
        try
        {
            return await tools.First(each => each.Name == tool).CallAsync(arguments, cancellation);
        }
        catch (Exception error) when (error is ToolFailureException or PlaneUnreachableException or MusterException and not LeaseLostException)
        {
            return new ToolResult(error.Message, Failed: true);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
