using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Jobs;

/// <summary>A row of <c>jobs</c>, with the names that people see.</summary>
public sealed record JobRow
{
    public string Id { get; init; } = "";
    public string Kind { get; init; } = "";
    public string State { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public string? TaskId { get; init; }
    public string? DeploymentId { get; init; }
    public string Sha { get; init; } = "";
    public string? Tree { get; init; }
    public string Name { get; init; } = "";
    public string Definition { get; init; } = "";

    /// <summary>Attempt of the task that it was made for.</summary>
    public int? Attempt { get; init; }
    public string? HostId { get; init; }
    public string? PlaneId { get; init; }
    public int Epoch { get; init; }
    public int? ExitCode { get; init; }
    public string? Detail { get; init; }
    public string? OutputArtifactId { get; init; }
    public long? NotBefore { get; init; }
    public long CreatedAt { get; init; }
    public long? StartedAt { get; init; }
    public long? EndedAt { get; init; }

    public string ProjectKey { get; init; } = "";
    public int? TaskNumber { get; init; }
    public string? HostName { get; init; }

    public const string Select =
        """
        SELECT j.*, p.key AS project_key, t.number AS task_number, h.name AS host_name
          FROM jobs j JOIN projects p ON p.id = j.project_id LEFT JOIN tasks t ON t.id = j.task_id LEFT JOIN hosts h ON h.id = j.host_id
        """;

    public CheckDefinition? Check => Kind == JobKinds.Check ? JsonSerializer.Deserialize<CheckDefinition>(Definition, Wire.Json) : null;

    public DeployDefinition? Deploy => Kind == JobKinds.Deploy ? JsonSerializer.Deserialize<DeployDefinition>(Definition, Wire.Json) : null;

    public bool IsOpen => State is JobState.Waiting or JobState.Running;

    public JobInfo ToInfo() => new()
    {
        Id = Id,
        Kind = Kind,
        State = State,
        ProjectId = ProjectId,
        Project = ProjectKey,
        TaskId = TaskId,
        TaskKey = TaskNumber is null ? null : $"{ProjectKey}-{TaskNumber}",
        Sha = Sha,
        Name = Name,
        Check = Check,
        Deploy = Deploy,
        DeploymentId = DeploymentId,
        Host = HostName,
        ExitCode = ExitCode,
        Detail = Detail,
        OutputArtifactId = OutputArtifactId,
        Attempts = Epoch,
        CreatedAt = Times.At(CreatedAt),
        StartedAt = Times.At(StartedAt),
        EndedAt = Times.At(EndedAt),
    };
}
