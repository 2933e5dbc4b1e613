using System.Text.Json.Serialization;

namespace Muster.Proof.Checking;

/// <summary>What a caller tried.</summary>
public static class Kinds
{
    public const string Create = "create";
    public const string Claim = "claim";
    public const string Renew = "renew";
    public const string Write = "write";
    public const string Complete = "complete";
    public const string Fail = "fail";
    public const string Release = "release";
}

/// <summary>How a call ended for its caller. A call that was begun and has no end may or may not have happened.</summary>
public static class Ends
{
    public const string Begun = "begun";
    public const string Ok = "ok";

    /// <summary>Refused because the lease is not current.</summary>
    public const string Stale = "stale";

    /// <summary>Refused for another reason; nothing was changed.</summary>
    public const string Refused = "refused";

    /// <summary>Refused because the disk of the store was full; nothing was changed.</summary>
    public const string Full = "full";
    public const string Unknown = "unknown";
}

/// <summary>
/// One line of what a caller wrote down before a call went out, or after its answer came back. A claim that was granted
/// several tasks has one line for each.
/// </summary>
public sealed record Entry
{
    /// <summary>Monotonic ticks of this machine, comparable between processes.</summary>
    public required long At { get; init; }

    /// <summary>Number of the call within its file.</summary>
    public required long Call { get; init; }
    public required string Kind { get; init; }
    public required string End { get; init; }
    public string? Agent { get; init; }

    /// <summary>Id of the task.</summary>
    public string? Task { get; init; }
    public int Epoch { get; init; }
    public string? Assignment { get; init; }

    /// <summary>Which write exactly: <c>progress</c>, <c>log</c>, <c>comment</c> ...</summary>
    public string? Path { get; init; }

    /// <summary>What the call leaves in the plane, unique in the whole run; must be there once when acknowledged.</summary>
    public string? Effect { get; init; }

    [JsonIgnore]
    public bool IsEnd => End != Ends.Begun;
}
