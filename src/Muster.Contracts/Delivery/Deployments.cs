namespace Muster.Contracts.Delivery;

public static class DeploymentState
{
    public const string Waiting = "waiting";
    public const string Deploying = "deploying";
    public const string Healthy = "healthy";

    /// <summary>Never became healthy; the version before it goes on serving.</summary>
    public const string RolledBack = "rolled_back";

    /// <summary>Never became healthy and there was no version before it.</summary>
    public const string Failed = "failed";

    /// <summary>Replaced by a newer one.</summary>
    public const string Superseded = "superseded";
}

public sealed record DeploymentInfo
{
    public required string Id { get; init; }
    public required string ProjectId { get; init; }
    public required string Project { get; init; }
    public required string Environment { get; init; }
    public required string Sha { get; init; }
    public string? TaskKey { get; init; }
    public required string State { get; init; }
    public required DeployDefinition Definition { get; init; }
    public string? Host { get; init; }
    public string? Url { get; init; }
    public int? HealthStatus { get; init; }
    public string? HealthBody { get; init; }
    public string? Detail { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}

public sealed record CreateDeployment
{
    public required string Project { get; init; }
    public required string Environment { get; init; }

    /// <summary>A commit or branch; the target's newest commit when null.</summary>
    public string? Revision { get; init; }
}
