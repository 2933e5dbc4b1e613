using Muster.Contracts.Fleet;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet.Specialists;

/// <summary>A row of <c>specialists</c>.</summary>
public sealed record SpecialistRow
{
    public const string Active = "active";
    public const string Retired = "retired";

    public const string Select =
        """
        SELECT s.*, p.key || '-' || t.number AS task_key, COALESCE(a.name, s.spawned_by) AS spawner
          FROM specialists s JOIN tasks t ON t.id = s.task_id JOIN projects p ON p.id = t.project_id LEFT JOIN agents a ON a.id = s.spawned_by
        """;

    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string AgentId { get; init; } = "";
    public string TaskId { get; init; } = "";
    public string SpawnedBy { get; init; } = "";
    public int Depth { get; init; }
    public string State { get; init; } = Active;
    public string Why { get; init; } = "";
    public string RoleText { get; init; } = "";
    public long LimitNanos { get; init; }
    public long LimitTokens { get; init; }
    public long EndsAt { get; init; }
    public long CreatedAt { get; init; }
    public long? RetiredAt { get; init; }
    public string? Reason { get; init; }

    public string TaskKey { get; init; } = "";
    public string Spawner { get; init; } = "";

    public static SpecialistRow? Find(StoreTransaction tx, string id) => tx.QueryFirst<SpecialistRow>(Select + " WHERE s.id = @id OR s.name = @id", new { id });

    public SpecialistInfo ToInfo(IReadOnlyList<string>? tasks = null) => new()
    {
        Id = Id,
        Name = Name,
        Why = Why,
        Task = TaskKey,
        SpawnedBy = Spawner,
        Depth = Depth,
        State = State,
        LimitUsd = Models.Ledger.Nanos.Dollars(LimitNanos),
        LimitTokens = LimitTokens,
        EndsAt = Times.At(EndsAt),
        CreatedAt = Times.At(CreatedAt),
        RetiredAt = Times.At(RetiredAt),
        Reason = Reason,
        Tasks = tasks,
    };
}
