namespace Muster.Contracts.Fleet;

public sealed record HostInfo
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required int Cores { get; init; }
    public required long MemoryBytes { get; init; }

    /// <summary>Agents it may run at once.</summary>
    public required int Capacity { get; init; }

    /// <summary>Processor share in use, 0 to 1, as last reported.</summary>
    public double? Load { get; init; }
    public string? System { get; init; }
    public string? Version { get; init; }
    public required string Health { get; init; }
    public required IReadOnlyList<string> Agents { get; init; }
    public DateTimeOffset? LastHeartbeat { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

public sealed record CreateHost
{
    public required string Name { get; init; }
    public int? Cores { get; init; }
    public long? MemoryBytes { get; init; }
    public int? Capacity { get; init; }
}

public sealed record UpdateHost
{
    public int? Capacity { get; init; }
}

/// <summary>Registers a host or says that it is alive, and what it runs.</summary>
public sealed record HostHeartbeatRequest
{
    public required string Host { get; init; }
    public int? Cores { get; init; }
    public long? MemoryBytes { get; init; }
    public int? Capacity { get; init; }
    public double? Load { get; init; }
    public string? System { get; init; }
    public string? Version { get; init; }
    public IReadOnlyList<AgentProcess>? Agents { get; init; }

    /// <summary>Lease tokens of jobs it works on and wants renewed.</summary>
    public IReadOnlyList<string>? Jobs { get; init; }

    /// <summary>Deployments that it should serve and has given up; said until the plane no longer wants them.</summary>
    public IReadOnlyList<FailedDeployment>? Failed { get; init; }
}

/// <summary>A deployment that served and serves no longer.</summary>
public sealed record FailedDeployment
{
    public required string DeploymentId { get; init; }
    public required string Reason { get; init; }
}

/// <summary>An agent's process as its host sees it.</summary>
public sealed record AgentProcess
{
    public required string AgentId { get; init; }

    /// <summary><c>running</c>, <c>stopped</c>, <c>backoff</c> (waits to be started again) or <c>given_up</c> (restart intensity exceeded).</summary>
    public required string State { get; init; }
    public int? Pid { get; init; }
    public required int Restarts { get; init; }

    /// <summary>Grows by one each time the process ended without being told to; a rise takes its leases back at once.</summary>
    public required long Deaths { get; init; }
    public string? LastError { get; init; }
}

public sealed record HostHeartbeatAnswer
{
    public required string HostId { get; init; }

    /// <summary>What this host should be running.</summary>
    public required IReadOnlyList<AgentInfo> Agents { get; init; }

    /// <summary>What this host should be serving: the deployments current on it.</summary>
    public required IReadOnlyList<Delivery.DeploymentInfo> Deployments { get; init; }

    /// <summary>In the order of the request: whether each job's lease is current.</summary>
    public required IReadOnlyList<bool> Jobs { get; init; }
    public required double NextSeconds { get; init; }
}
