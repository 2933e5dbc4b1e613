using System.Text.Json;

namespace Muster.Contracts.Tools;

public static class ToolOutcomes
{
    public const string Running = "running";
    public const string Ok = "ok";

    /// <summary>It ended with a code that is not zero, and said why.</summary>
    public const string Failed = "failed";

    /// <summary>It took longer than its limit, or used more memory.</summary>
    public const string Limit = "limit";

    /// <summary>What it wrote is not what it promised: no JSON, another shape, too much of it.</summary>
    public const string BadOutput = "bad_output";

    /// <summary>The input is not of the shape it asks for; it was not run. Says nothing about the tool.</summary>
    public const string BadInput = "bad_input";

    /// <summary>It could not be run here: no sandbox, a missing program, another hash. Says nothing about the tool.</summary>
    public const string Refused = "refused";

    /// <summary>The attempt ended before the call did.</summary>
    public const string Abandoned = "abandoned";

    public static IReadOnlyList<string> Ends { get; } = [Ok, Failed, Limit, BadOutput, BadInput, Refused, Abandoned];

    /// <summary>Whether the tool itself is to blame.</summary>
    public static bool IsFault(string outcome) => outcome is Failed or Limit or BadOutput;
}

/// <summary>How a run of a tool ended.</summary>
public sealed record ToolOutcome
{
    /// <summary>One of <see cref="ToolOutcomes"/>.</summary>
    public required string Outcome { get; init; }

    /// <summary>Why, when it is not <c>ok</c>.</summary>
    public string? Detail { get; init; }
    public JsonElement? Output { get; init; }
    public int Milliseconds { get; init; }
    public int OutputBytes { get; init; }
}

public sealed record StartToolCall
{
    /// <summary>Hash that the agent was offered; refused when another is approved by now.</summary>
    public string? Hash { get; init; }
    public int InputBytes { get; init; }
}

/// <summary>Leave to run a tool once, recorded.</summary>
public sealed record StartedToolCall
{
    public required string Id { get; init; }
    public required string Tool { get; init; }
    public required int Version { get; init; }

    /// <summary>What is run must have this hash.</summary>
    public required string Hash { get; init; }
}

public sealed record EndToolCall
{
    /// <summary>One of <see cref="ToolOutcomes.Ends"/>.</summary>
    public required string Outcome { get; init; }
    public string? Detail { get; init; }
    public int Milliseconds { get; init; }
    public int OutputBytes { get; init; }
}

/// <summary>One use of a tool.</summary>
public sealed record ToolCallInfo
{
    public required string Id { get; init; }
    public required string Tool { get; init; }
    public required int Version { get; init; }
    public required string Hash { get; init; }
    public string? TaskKey { get; init; }
    public string? AssignmentId { get; init; }

    /// <summary>Name of the agent, or of the token that asked.</summary>
    public required string Caller { get; init; }

    /// <summary>One of <see cref="ToolOutcomes"/>.</summary>
    public required string Outcome { get; init; }
    public string? Detail { get; init; }
    public int? Milliseconds { get; init; }
    public int InputBytes { get; init; }
    public int? OutputBytes { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>A run for a caller that has no sandbox of its own: some host carries it out. Only for tools that see no workspace.</summary>
public sealed record RunTool
{
    public required JsonElement Input { get; init; }

    /// <summary>Longest to wait for a host and the result, 1 to 120.</summary>
    public int WaitSeconds { get; init; } = 60;
}
