using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Runner.Processes;

namespace Muster.Runner.Agents;

/// <summary>What <c>muster agent run</c> needs; its supervisor puts all of it into the environment.</summary>
public sealed record AgentProgramOptions
{
    public const string ServerVariable = "MUSTER_SERVER";
    public const string TokenVariable = "MUSTER_TOKEN";
    public const string AgentVariable = "MUSTER_AGENT";
    public const string DefinitionVariable = "MUSTER_AGENT_DEFINITION";
    public const string DataVariable = "MUSTER_HOST_DATA";
    public const string HostVariable = "MUSTER_HOST";

    public required Uri Server { get; init; }
    public required string Token { get; init; }

    /// <summary>The agent with its definition, as the plane gave it to the host.</summary>
    public required AgentInfo Agent { get; init; }

    /// <summary>The host's data folder.</summary>
    public required string DataFolder { get; init; }
    public string? Host { get; init; }

    /// <summary>Marker of this process; what it starts carries one below it.</summary>
    public required string Marker { get; init; }

    /// <summary>How often half-done work is saved while there is some.</summary>
    public TimeSpan SavePeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Its end means that the supervisor is gone, or wants us to stop.</summary>
    public Stream? Lifeline { get; init; }

    /// <exception cref="InvalidOperationException">A variable is missing or wrong; the message says which.</exception>
    public static AgentProgramOptions FromEnvironment()
    {
        var definition = Required(DefinitionVariable);
        try
        {
            return new AgentProgramOptions
            {
                Server = new Uri(Required(ServerVariable)),
                Token = Required(TokenVariable),
                Agent = JsonSerializer.Deserialize<AgentInfo>(definition, Wire.Json) ?? throw new JsonException("null"),
                DataFolder = Required(DataVariable),
                Host = Environment.GetEnvironmentVariable(HostVariable),
                Marker = Environment.GetEnvironmentVariable(ChildEnvironment.Marker) ?? $"agent-{Guid.CreateVersion7():n}",
                Lifeline = Console.OpenStandardInput(),
            };
        }
        catch (Exception error) when (error is JsonException or UriFormatException)
        {
            throw new InvalidOperationException($"{DefinitionVariable} or {ServerVariable} is not what a host daemon writes there: {error.Message}", error);
        }

        static string Required(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"{name} is not set. 'muster agent run' is started by a host daemon (muster host), not by hand.");
    }
}
