namespace Muster.Contracts.Delivery;

public static class JobKinds
{
    /// <summary>Run one check at one commit in a clean worktree.</summary>
    public const string Check = "check";

    /// <summary>Bring one commit into an environment.</summary>
    public const string Deploy = "deploy";
}

public static class JobState
{
    public const string Waiting = "waiting";
    public const string Running = "running";
    public const string Passed = "passed";
    public const string Failed = "failed";

    /// <summary>Could not be carried out (a tool is missing, the host broke down): says nothing about the commit.</summary>
    public const string Error = "error";
    public const string Cancelled = "cancelled";
}

/// <summary>Work that the plane asks of a host rather than of an agent.</summary>
public sealed record JobInfo
{
    public required string Id { get; init; }
    public required string Kind { get; init; }
    public required string State { get; init; }
    public required string ProjectId { get; init; }
    public required string Project { get; init; }
    public string? TaskId { get; init; }
    public string? TaskKey { get; init; }
    public required string Sha { get; init; }

    /// <summary>Name of the check or of the environment.</summary>
    public required string Name { get; init; }
    public CheckDefinition? Check { get; init; }
    public DeployDefinition? Deploy { get; init; }
    public string? DeploymentId { get; init; }
    public string? Host { get; init; }
    public int? ExitCode { get; init; }
    public string? Detail { get; init; }

    /// <summary>Artifact that holds the whole output.</summary>
    public string? OutputArtifactId { get; init; }
    public required int Attempts { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>A command that must hold at an exact commit.</summary>
public sealed record CheckDefinition
{
    public required string Name { get; init; }

    /// <summary>Run by <c>sh -c</c> in a clean worktree of the commit. Comes from the target branch, never from the change under test.</summary>
    public required string Command { get; init; }
    public required int TimeoutSeconds { get; init; }
    public required bool Required { get; init; }

    /// <summary>Evidence that a pass gives: <c>test</c> or <c>build</c>.</summary>
    public required string Evidence { get; init; }
}

public sealed record DeployDefinition
{
    public required string Environment { get; init; }

    /// <summary>Only <c>process</c> so far.</summary>
    public required string Target { get; init; }

    /// <summary>Run by <c>sh -c</c> once in the worktree before the start, when set.</summary>
    public string? Build { get; init; }

    /// <summary>Run by <c>sh -c</c>; listens on the port in <c>PORT</c>.</summary>
    public required string Command { get; init; }

    /// <summary>The port that stays the same over versions; a free one when 0.</summary>
    public required int Port { get; init; }

    /// <summary>Path that must answer 2xx.</summary>
    public required string HealthPath { get; init; }
    public required int HealthTimeoutSeconds { get; init; }
}

public sealed record JobClaimRequest
{
    public required string Host { get; init; }
    public int Max { get; init; } = 1;
    public int WaitSeconds { get; init; }
}

public sealed record JobClaimAnswer
{
    public required IReadOnlyList<ClaimedJob> Jobs { get; init; }
}

public sealed record ClaimedJob
{
    public required JobInfo Job { get; init; }

    /// <summary>Secret; renewed by the host's heartbeat, sent as <c>Muster-Lease</c> with the report, git's password for reading.</summary>
    public required string Lease { get; init; }
    public required int LeaseSeconds { get; init; }
    public required string GitPath { get; init; }
}

public sealed record JobReport
{
    /// <summary><c>passed</c>, <c>failed</c>, <c>error</c>, or <c>waiting</c> to hand the job back without a verdict.</summary>
    public required string Outcome { get; init; }
    public int? ExitCode { get; init; }
    public string? Detail { get; init; }
    public string? OutputArtifactId { get; init; }

    /// <summary>For a deployment: where it answers.</summary>
    public string? Url { get; init; }

    /// <summary>For a deployment: what the health check answered.</summary>
    public int? HealthStatus { get; init; }
    public string? HealthBody { get; init; }
}
