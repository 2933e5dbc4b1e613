using System.Text.Json.Serialization;

namespace Muster.Contracts;

/// <summary>An error as it crosses the wire (RFC 9457) with a stable <see cref="Code"/>.</summary>
public sealed record Problem
{
    public string? Type { get; init; }
    public required string Title { get; init; }
    public required int Status { get; init; }

    /// <summary>A sentence that says what is wrong and what to do about it.</summary>
    public string? Detail { get; init; }

    /// <summary>One of <see cref="ProblemCodes"/>; never changes its meaning.</summary>
    public required string Code { get; init; }

    /// <summary>What is wrong, by field path (<c>title</c>, <c>dependsOn[2]</c>).</summary>
    [JsonPropertyName("errors")]
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }
}

/// <summary>Stable codes of <see cref="Problem"/>.</summary>
public static class ProblemCodes
{
    public const string Invalid = "invalid";
    public const string NotFound = "not_found";
    public const string Unauthenticated = "unauthenticated";
    public const string Forbidden = "forbidden";
    public const string LeaseLost = "lease_lost";
    public const string LeaseRequired = "lease_required";
    public const string Conflict = "conflict";
    public const string Duplicate = "duplicate";
    public const string Cycle = "cycle";
    public const string WrongState = "wrong_state";
    public const string IdempotencyMismatch = "idempotency_mismatch";
    public const string TooLarge = "too_large";
    public const string RateLimited = "rate_limited";
    public const string InUse = "in_use";
    public const string HeadMoved = "head_moved";
    public const string RepositoryUnreachable = "repository_unreachable";
    public const string UnknownRole = "unknown_role";
    public const string NoResponder = "no_responder";
    public const string NoReply = "no_reply";
    /// <summary>A listener fell too far behind and messages were dropped.</summary>
    public const string TooSlow = "too_slow";
    /// <summary>The event log ends before the number to go on behind: it is of another life of the store. Begin anew.</summary>
    public const string LogRestarted = "log_restarted";
    /// <summary>A budget for models is used up.</summary>
    public const string Budget = "budget";
    /// <summary>No provider of the model answers now.</summary>
    public const string ProviderDown = "provider_down";
    /// <summary>A person has switched all models off.</summary>
    public const string ModelsOff = "models_off";
    /// <summary>A tool comes without tests, or without one that must succeed.</summary>
    public const string TestsMissing = "tests_missing";
    /// <summary>No version of the tool is approved, or another than the one that was asked for.</summary>
    public const string ToolNotApproved = "tool_not_approved";
    /// <summary>What was looked at or run is not what the plane has: another hash.</summary>
    public const string HashMismatch = "hash_mismatch";
    public const string Unavailable = "unavailable";
    public const string StoreFull = "store_full";
    public const string Internal = "internal";
}
