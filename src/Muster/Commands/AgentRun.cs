using Muster.Runner.Agents;

namespace Muster.Commands;

/// <summary>The hidden <c>muster agent run</c>: one agent's process. Everything it needs stands in its environment.</summary>
internal static class AgentRun
{
    public static Task<int> RunAsync(Call call) => RunAsync(call.Stop);

    /// <summary>The same without a command line around it; the work loop takes the signals itself.</summary>
    public static async Task<int> MainAsync()
    {
        try
        {
            return await RunAsync(CancellationToken.None);
        }
        catch (Exception error)
        {
            return CommandLine.Explain(error, Terminals.Terminal.ForProcess(json: false), verbose: true);
        }
    }

    private static async Task<int> RunAsync(CancellationToken stop)
    {
        try
        {
            return await AgentProgram.RunAsync(AgentProgramOptions.FromEnvironment(), Console.Error.WriteLine, stop);
        }
        catch (InvalidOperationException error) when (error.Message.Contains("MUSTER_", StringComparison.Ordinal))
        {
            throw new CommandException(error.Message) { Code = ExitCodes.BadUsage };
        }
    }
}
