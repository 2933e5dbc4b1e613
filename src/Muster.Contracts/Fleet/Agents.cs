namespace Muster.Contracts.Fleet;

/// <summary>How an agent is, by the age of its heartbeat and what it was told.</summary>
public static class AgentHealth
{
    public const string Healthy = "healthy";
    public const string Warning = "warning";
    public const string Stale = "stale";

    /// <summary>Never heard of, or stopped on purpose.</summary>
    public const string Offline = "offline";
}

public static class DesiredState
{
    public const string Running = "running";
    public const string Paused = "paused";

    /// <summary>Finish what is in hand, then stop.</summary>
    public const string Draining = "draining";
    public const string Stopped = "stopped";
}

public static class Executors
{
    public const string Command = "command";
    public const string Rehearsal = "rehearsal";

    /// <summary>A program on the SDK that claims for itself; its host only keeps it alive.</summary>
    public const string Program = "program";

    /// <summary>Muster's own tool loop over a model.</summary>
    public const string Builtin = "builtin";
    public const string ClaudeCode = "claude-code";
    public const string Codex = "codex";
    public const string OpenCode = "opencode";
    public const string Gemini = "gemini";
    public const string Aider = "aider";

    /// <summary>Any program that speaks the Agent Client Protocol on its standard input and output.</summary>
    public const string Acp = "acp";

    public static IReadOnlyList<string> All { get; } = [Builtin, ClaudeCode, Codex, OpenCode, Gemini, Aider, Acp, Command, Rehearsal, Program];

    /// <summary>Whether it can work with the account that the host's user is signed in with, instead of the plane's models.</summary>
    public static bool HasOwnAccount(string executor) => executor is ClaudeCode or Codex;

    /// <summary>Whether the definition must name the program.</summary>
    public static bool TakesCommand(string executor) => executor is Command or Program or Acp;
}

public sealed record AgentInfo
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public string? Role { get; init; }
    public string? Model { get; init; }
    public required IReadOnlyList<string> Labels { get; init; }
    public string? Host { get; init; }
    public required int Capacity { get; init; }

    /// <summary>One of <see cref="DesiredState"/>: what it was told.</summary>
    public required string Desired { get; init; }

    /// <summary>One of <see cref="AgentHealth"/>: how it is.</summary>
    public required string Health { get; init; }

    /// <summary>What it says of itself: <c>idle</c>, <c>working</c>, <c>paused</c>, <c>stopping</c>.</summary>
    public string? Status { get; init; }
    public required bool Active { get; init; }
    public AgentDefinition? Definition { get; init; }

    /// <summary>Keys of the tasks it holds.</summary>
    public required IReadOnlyList<string> Tasks { get; init; }
    public required int Restarts { get; init; }
    public string? LastError { get; init; }
    public string? Version { get; init; }

    /// <summary>How it differs from what is declared; null where it does not.</summary>
    public AgentDrift? Drift { get; init; }
    public DateTimeOffset? LastHeartbeat { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>How a host runs an agent.</summary>
public sealed record AgentDefinition
{
    /// <summary>One of <see cref="Executors"/>.</summary>
    public required string Executor { get; init; }

    /// <summary>For <c>command</c> and <c>program</c>: the program and its arguments; never passed through a shell.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>For <c>rehearsal</c>: path of the recording on the host.</summary>
    public string? Recording { get; init; }

    /// <summary>Seconds one attempt may take; 3600 when null.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>
    /// For <c>claude-code</c> and <c>codex</c>: whether it uses the account that the user of the host is signed in with, and that user's
    /// settings, instead of the plane's models. No budget, route or failover holds for it; its tokens are recorded when it has ended.
    /// </summary>
    public bool OwnAccount { get; init; }

    /// <summary>Extra environment of the agent's processes. Not for secrets.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>For <c>builtin</c>: where an attempt ends.</summary>
    public AttemptLimits? Limits { get; init; }

    /// <summary>For <c>builtin</c>: what its commands may see of the machine.</summary>
    public SandboxRules? Sandbox { get; init; }
}

/// <summary>Where an attempt of the built-in agent ends; defaults where null.</summary>
public sealed record AttemptLimits
{
    /// <summary>Answers of the model; 150 when null.</summary>
    public int? Steps { get; init; }

    /// <summary>Tokens read and written in all; 5,000,000 when null.</summary>
    public long? Tokens { get; init; }

    /// <summary>Tokens of one conversation before it is shortened; 100,000 when null.</summary>
    public int? ContextTokens { get; init; }

    /// <summary>Tokens of one answer; 8,192 when null.</summary>
    public int? AnswerTokens { get; init; }
}

/// <summary>What commands of an agent see beside the workspace and the system's programs: by default nothing, and no network.</summary>
public sealed record SandboxRules
{
    /// <summary>Whether they may use the network.</summary>
    public bool Network { get; init; }

    /// <summary>More of the host that they may read: absolute paths, such as a package cache.</summary>
    public IReadOnlyList<string>? ReadOnly { get; init; }

    /// <summary>Whether an attempt is refused on a host where there is no sandbox.</summary>
    public bool Required { get; init; }
}

public sealed record CreateAgent
{
    public required string Name { get; init; }
    public string? Role { get; init; }
    public string? Model { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Name of the host that runs it; null for a program that registers itself.</summary>
    public string? Host { get; init; }
    public int? Capacity { get; init; }
    public AgentDefinition? Definition { get; init; }
}

public sealed record UpdateAgent
{
    public string? Role { get; init; }
    public string? Model { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }
    public string? Host { get; init; }
    public int? Capacity { get; init; }
    public AgentDefinition? Definition { get; init; }
}

/// <summary>Registers an agent or says that it is alive, and renews the leases it names.</summary>
public sealed record HeartbeatRequest
{
    public required string Agent { get; init; }
    public string? Role { get; init; }
    public string? Model { get; init; }
    public string? Host { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }
    public int? Capacity { get; init; }
    public string? Version { get; init; }
    public string? Status { get; init; }

    /// <summary>Whether it replays a recording.</summary>
    public bool? Rehearsal { get; init; }

    /// <summary>What its program runs; null when that is as it was said before.</summary>
    public AgentRuns? Runs { get; init; }

    /// <summary>Lease tokens it holds and wants renewed.</summary>
    public IReadOnlyList<string>? Leases { get; init; }
}

public sealed record HeartbeatAnswer
{
    public required string AgentId { get; init; }
    public required string Agent { get; init; }

    /// <summary>In the order of the request.</summary>
    public required IReadOnlyList<LeaseAnswer> Leases { get; init; }
    public required IReadOnlyList<AgentCommand> Commands { get; init; }

    /// <summary>One of <see cref="DesiredState"/>.</summary>
    public required string Desired { get; init; }

    /// <summary>Seconds after which to come back.</summary>
    public required double NextSeconds { get; init; }

    /// <summary>True where the plane does not know what the agent runs: say it with the next heartbeat.</summary>
    public bool AskRuns { get; init; }
}

public sealed record LeaseAnswer
{
    /// <summary>Null when the token is not one of this store's life.</summary>
    public string? AssignmentId { get; init; }
    public string? TaskKey { get; init; }

    /// <summary>False: stop at once, the task is no longer yours.</summary>
    public required bool Current { get; init; }
}

public static class CommandKinds
{
    public const string Cancel = "cancel";
    public const string Pause = "pause";
    public const string Resume = "resume";
    public const string Drain = "drain";
    public const string Stop = "stop";
    public const string Reload = "reload";

    /// <summary>Finish what is in hand, then end; the host starts the agent anew, as it is declared now.</summary>
    public const string Restart = "restart";
}

public sealed record AgentCommand
{
    /// <summary>One of <see cref="CommandKinds"/>.</summary>
    public required string Kind { get; init; }
    public string? AssignmentId { get; init; }
    public string? Reason { get; init; }
}
