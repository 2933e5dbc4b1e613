using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Runner.Executors;
using Muster.Runner.Mcp;
using Muster.Runner.Tools;

namespace Muster.Runner.Agents;

/// <summary>What an agent's process does: the SDK's work loop around one executor.</summary>
public static class AgentProgram
{
    private const int Done = 0;
    private const int Failed = 1;
    private const int BadDefinition = 2;

    /// <summary>Works until the lifeline ends, a signal comes, the plane says stop, or <paramref name="cancellation"/>.</summary>
    /// <returns>Exit code of the process.</returns>
    public static async Task<int> RunAsync(AgentProgramOptions options, Action<string> notice, CancellationToken cancellation)
    {
        if (options.Agent.Definition is not { } definition)
        {
            notice($"Agent {options.Agent.Name} has no definition, so there is nothing to run. Give it one: muster agent add.");
            return BadDefinition;
        }

        try
        {
            using var muster = new MusterClient(new MusterClientOptions { Server = options.Server, Token = options.Token, OnNotice = notice });
            using var fleet = new FleetToolSource(muster, new HostFolders(options.DataFolder, options.Marker), options.Marker);
            var executor = ExecutorCatalog.Create(
                definition, TimeProvider.System, [fleet, new McpToolSource(McpCatalog.OfHost(options.DataFolder), options.Agent.Role), new SpecialistTools(muster), new ProposalTools(muster)]);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            _ = WatchAsync(options.Lifeline, stop);
            var runner = new AttemptRunner(options, executor, muster, notice);
            var end = await muster.WorkAsync(Options(options, executor, notice), runner.RunAsync, stop.Token);
            notice($"Agent {options.Agent.Name} ends: {end}");
            if (end == WorkEnd.Unfit) notice($"{runner.Unfit} Tasks are taken again once it is mended.");
            return end switch
            {
                WorkEnd.Restart => AgentExit.Restart,
                WorkEnd.Unfit => AgentExit.Unfit,
                _ => Done,
            };
        }
        catch (ExecutorException error)
        {
            notice(error.Message);
            return BadDefinition;
        }
        catch (MusterException error)
        {
            notice($"The plane refused the agent {options.Agent.Name}: {error.Message}");
            return Failed;
        }
    }

    private static WorkOptions Options(AgentProgramOptions options, IExecutor executor, Action<string> notice) => new()
    {
        Agent = options.Agent.Name,
        Role = options.Agent.Role,
        Model = options.Agent.Model,
        Host = options.Host,
        Labels = options.Agent.Labels,
        Capacity = Math.Max(1, options.Agent.Capacity),
        Version = typeof(AgentProgram).Assembly.GetName().Version?.ToString(3),
        Settings = AgentSettings.Hash(options.Agent),
        Rehearsal = executor.Name == Contracts.Fleet.Executors.Rehearsal,
        HandleSignals = true,
        // Programs cannot be asked to hurry; those about to end get this long, the others are saved and handed back.
        Grace = TimeSpan.FromSeconds(2),
        Patience = TimeSpan.FromSeconds(20),
        OnNotice = told => notice(told.TaskKey is null ? told.Text : $"{told.TaskKey}: {told.Text}"),
    };

    private static async Task WatchAsync(Stream? lifeline, CancellationTokenSource stop)
    {
        if (lifeline is null) return;
        var buffer = new byte[256];
        try
        {
            // Of its own thread: a console stream blocks whoever reads it.
            await Task.Run(() =>
            {
                while (lifeline.Read(buffer) > 0)
                {
                }
            });
        }
        catch (IOException)
        {
            // A broken pipe says the same as its end.
        }

        try
        {
            await stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended before its supervisor let go.
        }
    }
}
