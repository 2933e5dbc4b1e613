using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Deploys;

/// <summary>A row of <c>deployments</c>, with the names that people see.</summary>
public sealed record DeploymentRow
{
    public string Id { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public string Environment { get; init; } = "";
    public string Sha { get; init; } = "";
    public string? TaskId { get; init; }
    public string State { get; init; } = "";
    public string Definition { get; init; } = "";
    public string? HostId { get; init; }
    public string? Url { get; init; }
    public int? HealthStatus { get; init; }
    public string? HealthBody { get; init; }
    public string? Detail { get; init; }
    public long CreatedAt { get; init; }
    public long? EndedAt { get; init; }

    public string ProjectKey { get; init; } = "";
    public int? TaskNumber { get; init; }
    public string? HostName { get; init; }

    public const string Select =
        """
        SELECT d.*, p.key AS project_key, t.number AS task_number, h.name AS host_name
          FROM deployments d JOIN projects p ON p.id = d.project_id LEFT JOIN tasks t ON t.id = d.task_id LEFT JOIN hosts h ON h.id = d.host_id
        """;

    public DeploymentInfo ToInfo() => new()
    {
        Id = Id,
        ProjectId = ProjectId,
        Project = ProjectKey,
        Environment = Environment,
        Sha = Sha,
        TaskKey = TaskNumber is null ? null : $"{ProjectKey}-{TaskNumber}",
        State = State,
        Definition = JsonSerializer.Deserialize<DeployDefinition>(Definition, Wire.Json)!,
        Host = HostName,
        Url = Url,
        HealthStatus = HealthStatus,
        HealthBody = HealthBody,
        Detail = Detail,
        CreatedAt = Times.At(CreatedAt),
        EndedAt = Times.At(EndedAt),
    };
}
