using Muster.Contracts.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet;

/// <summary>A row of <c>hosts</c>.</summary>
public sealed record HostRow
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public int Cores { get; init; }
    public long MemoryBytes { get; init; }
    public int Capacity { get; init; }
    public string? System { get; init; }
    public string? Version { get; init; }
    public string Health { get; init; } = AgentHealth.Offline;
    public string? PlaneId { get; init; }
    public long? LastHeartbeat { get; init; }
    public long CreatedAt { get; init; }

    public const string ByIdOrName = "SELECT * FROM hosts WHERE id = @host OR name = @host";

    public static HostRow? Find(StoreTransaction tx, string host) => tx.QueryFirst<HostRow>(ByIdOrName, new { host });

    public static HostRow Get(StoreTransaction tx, string host) => Find(tx, host) ?? throw Refusal.NotFound("host", host);

    public HostInfo ToInfo(Presence? presence, double? load, IReadOnlyList<string> agents) => new()
    {
        Id = Id,
        Name = Name,
        Cores = Cores,
        MemoryBytes = MemoryBytes,
        Capacity = Capacity,
        Load = load,
        System = System,
        Version = Version,
        Health = presence?.Health ?? Health,
        Agents = agents,
        LastHeartbeat = presence?.LastSeen ?? Times.At(LastHeartbeat),
        CreatedAt = Times.At(CreatedAt),
    };
}
