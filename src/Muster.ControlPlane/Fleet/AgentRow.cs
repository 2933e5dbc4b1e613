using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet.Drifting;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet;

/// <summary>A row of <c>agents</c>, with its host's name.</summary>
public sealed record AgentRow
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string? Role { get; init; }
    public string? Model { get; init; }
    public string Labels { get; init; } = "[]";
    public string? HostId { get; init; }
    public int Capacity { get; init; } = 1;
    public string Desired { get; init; } = DesiredState.Running;
    public bool Active { get; init; } = true;
    public string? Definition { get; init; }
    public bool Rehearsal { get; init; }
    public string? Status { get; init; }
    public string Health { get; init; } = AgentHealth.Offline;
    public int Restarts { get; init; }
    public long Deaths { get; init; }
    public string? LastError { get; init; }
    public string? PlaneId { get; init; }
    public string? Version { get; init; }
    public long? LastHeartbeat { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }

    /// <summary>Whether a person has said which model it asks for.</summary>
    public bool Declared { get; init; }

    /// <summary>An <see cref="AgentRuns"/> as JSON.</summary>
    public string? Runs { get; init; }

    /// <summary>A <see cref="DriftState"/> as JSON.</summary>
    public string? Drift { get; init; }

    public string? HostName { get; init; }
    public string? HostVersion { get; init; }

    public const string Select = "SELECT a.*, h.name AS host_name, h.version AS host_version FROM agents a LEFT JOIN hosts h ON h.id = a.host_id";
    public const string ByIdOrName = Select + " WHERE a.id = @agent OR a.name = @agent";

    /// <summary>Whether a host keeps it alive.</summary>
    public bool IsSupervised => Definition is not null && HostId is not null;

    public bool IsDeclared => Declared || Definition is not null;

    /// <summary>Whether its program is somebody else's, with versions of its own.</summary>
    public bool IsOwnProgram => ReadDefinition() is { Executor: Executors.Program };

    public string SettingsHash => AgentSettings.Hash(ToInfo(null, [], null));

    public AgentRuns? ReadRuns() => Runs is null ? null : JsonSerializer.Deserialize<AgentRuns>(Runs, Wire.Json);

    public DriftState? ReadDrift() => Drift is null ? null : JsonSerializer.Deserialize<DriftState>(Drift, Wire.Json);

    private AgentDefinition? ReadDefinition() => Definition is null ? null : JsonSerializer.Deserialize<AgentDefinition>(Definition, Wire.Json);

    public bool MayClaim => Active && Desired == DesiredState.Running;

    public static AgentRow? Find(StoreTransaction tx, string agent) => tx.QueryFirst<AgentRow>(ByIdOrName, new { agent });

    public static AgentRow Get(StoreTransaction tx, string agent) => Find(tx, agent) ?? throw Refusal.NotFound("agent", agent);

    /// <param name="presence">What memory knows better than the row; null when it never heard of the agent.</param>
    /// <param name="tasks">Keys of the tasks it holds.</param>
    /// <param name="drift">How it differs from what is declared; null where it does not.</param>
    public AgentInfo ToInfo(Presence? presence, IReadOnlyList<string> tasks, AgentDrift? drift) => new()
    {
        Id = Id,
        Name = Name,
        Role = Role,
        Model = Model,
        Labels = JsonSerializer.Deserialize<string[]>(Labels)!,
        Host = HostName,
        Capacity = Capacity,
        Desired = Desired,
        Health = presence?.Health ?? Health,
        Status = presence?.Status ?? Status,
        Active = Active,
        Definition = ReadDefinition(),
        Tasks = tasks,
        Restarts = Restarts,
        LastError = LastError,
        Version = Version,
        Drift = drift,
        LastHeartbeat = presence?.LastSeen ?? Times.At(LastHeartbeat),
        CreatedAt = Times.At(CreatedAt),
    };
}
