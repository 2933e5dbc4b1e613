using System.Collections;
using System.Collections.Concurrent;
using System.Text.Json;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Runner.Agents;
using Muster.Runner.Mcp;
using Muster.Runner.Processes;
using Muster.Runner.Profiles;

namespace Muster.Runner.Supervision;

/// <summary>Starts and ends agents' processes; keeps what they write.</summary>
internal sealed class AgentLauncher(HostOptions options, HostFolders folders, HostRun run, MusterClient muster) : IDisposable
{
    private readonly ConcurrentDictionary<string, RotatingLog> _logs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _lastLines = new(StringComparer.Ordinal);

    /// <summary>Everything that needs another process when it changes.</summary>
    public static string Key(AgentInfo agent) =>
        JsonSerializer.Serialize(new { agent.Name, agent.Role, agent.Model, agent.Labels, agent.Capacity, agent.Definition }, Wire.Json);

    /// <exception cref="ProgramNotFoundException">The program is not there.</exception>
    /// <exception cref="MusterException">The plane gives no token for it.</exception>
    public async Task<ProcessGroup> StartAsync(AgentInfo agent)
    {
        var token = await muster.CreateAgentTokenAsync(agent.Id);
        var ownProgram = agent.Definition is { Executor: Contracts.Fleet.Executors.Program, Command.Count: > 0 };
        var command = ownProgram ? agent.Definition!.Command! : options.AgentCommand;
        var folder = Directory.CreateDirectory(Path.Combine(folders.Root, "agents", FileName(agent))).FullName;
        var environment = ChildEnvironment.Create(Marker(agent), ownProgram ? agent.Definition!.Environment ?? new Dictionary<string, string>(StringComparer.Ordinal) : []);
        environment[AgentProgramOptions.ServerVariable] = options.Server.AbsoluteUri;
        environment[AgentProgramOptions.TokenVariable] = token.Secret;
        environment[AgentProgramOptions.AgentVariable] = agent.Name;
        environment[AgentProgramOptions.HostVariable] = options.Name;
        environment[ChildEnvironment.Marker] = Marker(agent);
        if (!ownProgram)
        {
            environment[AgentProgramOptions.DefinitionVariable] = JsonSerializer.Serialize(agent, Wire.Json);
            environment[AgentProgramOptions.DataVariable] = folders.Root;
            // For its servers of tools, which it fills them in for; what an agent starts gets none of them.
            foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
                if (variable is { Key: string secret, Value: string value } && secret.StartsWith(McpSecrets.Prefix, StringComparison.Ordinal)) environment[secret] = value;
            // For the one program that is to use them.
            foreach (var name in ProfileCatalog.OwnKeys(agent.Definition))
                if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } key) environment[name] = key;
        }

        var log = _logs.GetOrAdd(agent.Id, _ => new RotatingLog(Path.Combine(folders.Logs, $"agent-{FileName(agent)}.log"), options.Time));
        return ProcessGroup.Start(new ProcessSpec
        {
            FileName = command[0],
            Arguments = [.. command.Skip(1)],
            WorkingDirectory = folder,
            Environment = environment,
            KeepStdinOpen = true,
            OnLine = line =>
            {
                _lastLines[agent.Id] = line;
                log.Write(line);
            },
        });
    }

    /// <summary>Asks the process to end, waits, and leaves nothing of it running.</summary>
    public async Task<ProcessExit> EndAsync(AgentInfo agent, ProcessGroup process, TimeSpan grace)
    {
        var exit = await process.StopAsync(grace);
        await process.DisposeAsync();
        await MarkedProcesses.KillAsync(Marker(agent));
        return exit;
    }

    public string LastLine(AgentInfo agent)
    {
        var line = _lastLines.GetValueOrDefault(agent.Id) ?? "";
        return line.Length <= 500 ? line : line[..500];
    }

    public void Dispose()
    {
        foreach (var log in _logs.Values) log.Dispose();
    }

    private string Marker(AgentInfo agent) => $"{run.Marker}/agent-{agent.Id}";

    private static string FileName(AgentInfo agent)
    {
        try
        {
            return HostFolders.PlainName(agent.Name);
        }
        catch (ArgumentException)
        {
            // A name that is no file name; the id is one.
            return HostFolders.PlainName(agent.Id);
        }
    }
}
