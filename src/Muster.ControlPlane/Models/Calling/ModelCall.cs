using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Recording;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>The protocols in which programs ask models.</summary>
public enum ModelProtocol
{
    OpenAiChat,
    OpenAiResponses,
    AnthropicMessages,
    GoogleGenerate,
}

/// <summary>One call of a model, admitted and paid for in advance.</summary>
public sealed record ModelCall
{
    /// <summary>What the caller speaks, and wants to be answered in.</summary>
    public required ModelProtocol Protocol { get; init; }

    /// <summary>The caller's request as it came. Whoever sends it on changes a copy.</summary>
    public required JsonObject Body { get; init; }

    /// <summary>Where it may go, in order.</summary>
    public required ModelRoute Route { get; init; }

    /// <summary>The most tokens that the answer may have: what was asked for, or what was reserved.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Headers of the caller that a provider of the same protocol is given (<c>anthropic-beta</c>); never credentials.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The assignment whose run may be recorded; null for the plane's own calls and a person's.</summary>
    public string? AssignmentId { get; init; }

    /// <summary>Where that run is; null where there is none.</summary>
    public RunPlace? Place { get; init; }
}

/// <summary>A name under which models are asked for, and the legs that serve it, best first.</summary>
public sealed record ModelRoute(string Name, IReadOnlyList<ModelLeg> Legs);

/// <param name="Provider">Name of the provider.</param>
/// <param name="Model">As the provider calls it.</param>
public sealed record ModelLeg(string Provider, string Model)
{
    public override string ToString() => $"{Provider}/{Model}";
}

/// <summary>Where an answer goes. Called by one at a time.</summary>
public interface IModelAnswer
{
    /// <summary>Once, before the first byte. After it no other leg is tried.</summary>
    Task BeginAsync(int status, string contentType, IReadOnlyDictionary<string, string> headers, CancellationToken ct);

    /// <summary>Bytes in the caller's protocol, to be passed on at once.</summary>
    Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct);
}

/// <summary>How a call ended.</summary>
public static class CallOutcome
{
    public const string Ok = "ok";

    /// <summary>No leg answered; nothing was delivered.</summary>
    public const string ProviderDown = "provider_down";

    /// <summary>The model's provider refused the request itself; the same would be refused again.</summary>
    public const string Refused = "refused";

    /// <summary>The answer ended before its end after part of it was delivered; the caller was told.</summary>
    public const string Cut = "cut";

    /// <summary>The caller went away, or lost its lease.</summary>
    public const string Cancelled = "cancelled";
}

/// <summary>What a call came to: every try of a leg, the last of them the one that was delivered, if any was.</summary>
public sealed record ModelOutcome
{
    /// <summary>One of <see cref="CallOutcome"/>.</summary>
    public required string Outcome { get; init; }
    public required IReadOnlyList<LegOutcome> Tries { get; init; }

    /// <summary>When a leg may be there again, when all are down.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>A sentence for the caller when nothing was delivered.</summary>
    public string? Reason { get; init; }
}

/// <summary>One try of one leg.</summary>
public sealed record LegOutcome
{
    public required ModelLeg Leg { get; init; }

    /// <summary><c>ok</c>, or the class of the fault: <c>refused</c>, <c>rate_limited</c>, <c>quota</c>, <c>overloaded</c>, <c>timeout</c>, <c>unreachable</c>, <c>unauthorized</c>, <c>broken</c>, <c>cut</c>, <c>cancelled</c>.</summary>
    public required string Outcome { get; init; }

    /// <summary>The model that the provider says it served; null where it did not say.</summary>
    public string? Served { get; init; }
    public required TokenCounts Tokens { get; init; }

    /// <summary>False when the provider did not say and the counts are estimates from what was sent and received.</summary>
    public bool Counted { get; init; } = true;

    /// <summary>Whether it came from a recording, and no model was asked.</summary>
    public bool Replayed { get; init; }

    /// <summary>What the provider says it cost, US dollars; null where it does not say.</summary>
    public double? CostUsd { get; init; }
    public required int LatencyMs { get; init; }
    public int? FirstTokenMs { get; init; }
}

/// <param name="In">Tokens of the request that were read anew, without those from the cache.</param>
/// <param name="Out">Tokens of the answer, thinking included.</param>
/// <param name="Cached">Tokens of the request read from the provider's cache.</param>
/// <param name="Stored">Tokens of the request written to the provider's cache.</param>
public sealed record TokenCounts(long In, long Out, long Cached = 0, long Stored = 0)
{
    public long Total => In + Out + Cached + Stored;

    public static TokenCounts operator +(TokenCounts a, TokenCounts b) => new(a.In + b.In, a.Out + b.Out, a.Cached + b.Cached, a.Stored + b.Stored);
}
