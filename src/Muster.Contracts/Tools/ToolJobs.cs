using System.Text.Json;

namespace Muster.Contracts.Tools;

public static class ToolJobKinds
{
    /// <summary>Run the tests of one version.</summary>
    public const string Test = "test";

    /// <summary>Run the approved version once, for a caller that has no sandbox of its own.</summary>
    public const string Run = "run";
}

public sealed record ToolJobClaim
{
    public required string Host { get; init; }

    /// <summary>Seconds to wait for one, 0 to 60.</summary>
    public int WaitSeconds { get; init; }
}

public sealed record ToolJobAnswer
{
    /// <summary>Null when there is nothing to do.</summary>
    public ClaimedToolJob? Job { get; init; }
}

/// <summary>A tool to run in a host's sandbox. Its lease is not renewed: it is as long as the limits allow the work to take.</summary>
public sealed record ClaimedToolJob
{
    public required string Id { get; init; }

    /// <summary>One of <see cref="ToolJobKinds"/>.</summary>
    public required string Kind { get; init; }
    public required string Tool { get; init; }
    public required int Version { get; init; }

    /// <summary>Of <see cref="Package"/>; the host computes it for itself.</summary>
    public required string Hash { get; init; }
    public required ToolPackage Package { get; init; }

    /// <summary>For <see cref="ToolJobKinds.Run"/>.</summary>
    public JsonElement? Input { get; init; }

    /// <summary>Secret; sent as <c>Muster-Lease</c> with the report.</summary>
    public required string Lease { get; init; }
    public required int LeaseSeconds { get; init; }
}

public sealed record ToolJobReport
{
    /// <summary>The hash that the host computed of what it ran.</summary>
    public required string Hash { get; init; }

    /// <summary>Why it could not be carried out, when that says nothing about the tool; it is tried on another host.</summary>
    public string? Error { get; init; }

    /// <summary>Of each test, in their order.</summary>
    public IReadOnlyList<ToolTestResult>? Results { get; init; }

    /// <summary>Of a run.</summary>
    public ToolOutcome? Outcome { get; init; }
}
