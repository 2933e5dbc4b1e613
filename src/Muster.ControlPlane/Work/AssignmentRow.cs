using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>A row of <c>assignments</c>, with the names that people see.</summary>
public sealed record AssignmentRow
{
    public string Id { get; init; } = "";
    public string TaskId { get; init; } = "";
    public string AgentId { get; init; } = "";
    public int Epoch { get; init; }
    public string Status { get; init; } = "";
    public int PercentComplete { get; init; }
    public string? Note { get; init; }
    public string? Reason { get; init; }
    public string? HeadSha { get; init; }
    public string? WipSha { get; init; }
    public string? Summary { get; init; }
    public bool Rehearsal { get; init; }
    public long LeaseUntil { get; init; }
    public long StartedAt { get; init; }
    public long? EndedAt { get; init; }

    public string TaskKey { get; init; } = "";
    public string AgentName { get; init; } = "";

    public const string Select =
        """
        SELECT s.*, p.key || '-' || t.number AS task_key, a.name AS agent_name
          FROM assignments s JOIN tasks t ON t.id = s.task_id JOIN projects p ON p.id = t.project_id JOIN agents a ON a.id = s.agent_id
        """;

    public static AssignmentRow? Find(StoreTransaction tx, string id) => tx.QueryFirst<AssignmentRow>(Select + " WHERE s.id = @id", new { id });

    public AssignmentInfo ToInfo() => new()
    {
        Id = Id,
        TaskId = TaskId,
        TaskKey = TaskKey,
        AgentId = AgentId,
        Agent = AgentName,
        Epoch = Epoch,
        Status = Status,
        PercentComplete = PercentComplete,
        Note = Note,
        Reason = Reason,
        HeadSha = HeadSha,
        Summary = Summary,
        Rehearsal = Rehearsal,
        LeaseUntil = Status == AssignmentState.Active ? Times.At(LeaseUntil) : null,
        StartedAt = Times.At(StartedAt),
        EndedAt = Times.At(EndedAt),
    };
}
