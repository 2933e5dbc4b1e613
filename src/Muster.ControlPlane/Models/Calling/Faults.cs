using System.Net.Http.Headers;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>The classes of faults, by which is decided what happens next.</summary>
public static class FaultClass
{
    /// <summary>The request itself is wrong; nobody else is asked.</summary>
    public const string Refused = "refused";
    public const string RateLimited = "rate_limited";

    /// <summary>No money or no allowance left with the provider.</summary>
    public const string Quota = "quota";
    public const string Overloaded = "overloaded";
    public const string Timeout = "timeout";
    public const string Unreachable = "unreachable";

    /// <summary>The provider does not take the key.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>It answered with what is no answer, or has no such model.</summary>
    public const string Broken = "broken";
    public const string Cut = "cut";
    public const string Cancelled = "cancelled";

    /// <summary>Whether every model of the provider is struck, not only the one asked for.</summary>
    public static bool IsOfProvider(string fault) => fault is Unreachable or Unauthorized or Quota;
}

/// <param name="Class">One of <see cref="FaultClass"/>.</param>
/// <param name="Message">For people; holds no secret.</param>
/// <param name="Wait">When the provider says it may be asked again; null when it does not say.</param>
public sealed record ProviderFault(string Class, string Message, TimeSpan? Wait = null);

/// <summary>What is known of a failure.</summary>
/// <param name="Status">HTTP status; 0 when the provider says it otherwise and without one.</param>
/// <param name="Headers">Of the answer; null when there was none, or it had begun well.</param>
/// <param name="Type">The provider's word for it.</param>
/// <param name="Message">The provider's sentence.</param>
public sealed record FaultFacts(int Status, HttpResponseHeaders? Headers, string? Type, string Message, DateTimeOffset Now);
