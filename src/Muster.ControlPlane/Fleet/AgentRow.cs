using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Fleet;
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

    public string? HostName { get; init; }

    public const string Select = "SELECT a.*, h.name AS host_name FROM agents a LEFT JOIN hosts h ON h.id = a.host_id";
    public const string ByIdOrName = Select + " WHERE a.id = @agent OR a.name = @agent";

    public bool MayClaim => Active && Desired == DesiredState.Running;

    public static AgentRow? Find(StoreTransaction tx, string agent) => tx.QueryFirst<AgentRow>(ByIdOrName, new { agent });

    public static AgentRow Get(StoreTransaction tx, string agent) => Find(tx, agent) ?? throw Refusal.NotFound("agent", agent);

    /// <param name="presence">What memory knows better than the row; null when it never heard of the agent.</param>
    /// <param name="tasks">Keys of the tasks it holds.</param>
    public AgentInfo ToInfo(Presence? presence, IReadOnlyList<string> tasks) => new()
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
        Definition = Definition is null ? null : JsonSerializer.Deserialize<AgentDefinition>(Definition, Wire.Json),
        Tasks = tasks,
        Restarts = Restarts,
        LastError = LastError,
        Version = Version,
        LastHeartbeat = presence?.LastSeen ?? Times.At(LastHeartbeat),
        CreatedAt = Times.At(CreatedAt),
    };
}
