namespace Muster.Contracts.Tools;

/// <summary>One version of a tool. What it is made of never changes.</summary>
public sealed record ToolVersionInfo
{
    public required string ToolId { get; init; }
    public required string Name { get; init; }
    public required int Version { get; init; }

    /// <summary>One of <see cref="ToolStates"/>.</summary>
    public required string Status { get; init; }

    /// <summary>Why it stands there, in a sentence.</summary>
    public string? Reason { get; init; }

    /// <summary>Of <see cref="Package"/>; see <see cref="ToolHash"/>.</summary>
    public required string Hash { get; init; }
    public required ToolPackage Package { get; init; }

    /// <summary>What its source seems to touch. A hint for whoever approves; the sandbox is the border.</summary>
    public required IReadOnlyList<ToolFinding> Findings { get; init; }

    /// <summary>How its tests ended when they ran last.</summary>
    public IReadOnlyList<ToolTestResult>? Results { get; init; }

    /// <summary>Whether a run of its tests waits for a host or is under way.</summary>
    public required bool Testing { get; init; }
    public string? CreatedBy { get; init; }

    /// <summary>The task on which it was made.</summary>
    public string? TaskKey { get; init; }
    public string? ApprovedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? TestedAt { get; init; }
    public DateTimeOffset? ApprovedAt { get; init; }
    public DateTimeOffset? RetiredAt { get; init; }
}

public static class FindingKinds
{
    public const string Network = "network";
    public const string Program = "program";
    public const string Path = "path";
    public const string Environment = "environment";

    /// <summary>Code that hides what it does: made at run time, or native.</summary>
    public const string Hidden = "hidden";
}

/// <summary>A place of the source that seems to touch something.</summary>
/// <param name="Kind">One of <see cref="FindingKinds"/>.</param>
/// <param name="What">The text found.</param>
/// <param name="Line">1 is the first.</param>
/// <param name="Declared">Whether the manifest asks for it.</param>
public sealed record ToolFinding(string Kind, string What, int Line, bool Declared);

/// <param name="Name">The test's.</param>
/// <param name="Passed">Whether what must come of it came.</param>
/// <param name="Detail">What came instead.</param>
/// <param name="Milliseconds">How long it took.</param>
public sealed record ToolTestResult(string Name, bool Passed, string? Detail, int Milliseconds);

/// <summary>A person's yes to exactly what they looked at.</summary>
public sealed record ApproveTool
{
    public required int Version { get; init; }
    public required string Hash { get; init; }
    public string? Reason { get; init; }
}

public sealed record RetireTool
{
    /// <summary>All versions when null.</summary>
    public int? Version { get; init; }
    public string? Reason { get; init; }
}

public sealed record TestTool
{
    /// <summary>The newest when null.</summary>
    public int? Version { get; init; }
}

/// <summary>An approved tool as agents have it.</summary>
public sealed record OfferedTool
{
    public required string Name { get; init; }
    public required string Description { get; init; }
    public required int Version { get; init; }
    public required string Hash { get; init; }
    public required System.Text.Json.JsonElement InputSchema { get; init; }
    public required ToolPermissions Permissions { get; init; }
}
