namespace Muster.ControlPlane.Models.Calling;

public enum BreakerState
{
    /// <summary>Calls pass.</summary>
    Closed,

    /// <summary>Nobody is let through until its time is over.</summary>
    Open,

    /// <summary>One call is let through, to see.</summary>
    HalfOpen,
}

/// <summary>Whether a model of a provider is asked. Pure: facts in, the next state out.</summary>
/// <param name="State">What it is now.</param>
/// <param name="Failures">In a row.</param>
/// <param name="Opened">Times it opened since it last worked; each pause is twice the one before.</param>
/// <param name="Until">When it may be tried again, while it is open.</param>
/// <param name="Fault">The last failure.</param>
/// <param name="Trying">Whether the one call of the half-open state is under way.</param>
public sealed record Breaker(BreakerState State, int Failures = 0, int Opened = 0, DateTimeOffset Until = default, ProviderFault? Fault = null, bool Trying = false)
{
    /// <summary>Failures in a row that open it; one that speaks for itself opens it at once.</summary>
    public const int Threshold = 3;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan QuotaPause = TimeSpan.FromMinutes(10);

    public static Breaker Healthy { get; } = new(BreakerState.Closed);

    public bool MayTry => State == BreakerState.Closed || (State == BreakerState.HalfOpen && !Trying);

    public Breaker Try() => State == BreakerState.HalfOpen ? this with { Trying = true } : this;

    /// <summary>The call came to no end that says anything.</summary>
    public Breaker GiveUp() => this with { Trying = false };

    public Breaker Fail(ProviderFault fault, DateTimeOffset now)
    {
        // What began before it opened says nothing new.
        if (State == BreakerState.Open) return this with { Fault = fault };
        var failures = Failures + 1;
        var atOnce = fault.Class is FaultClass.RateLimited or FaultClass.Quota or FaultClass.Unauthorized or FaultClass.Unreachable || fault.Wait is not null;
        if (State == BreakerState.Closed && !atOnce && failures < Threshold) return this with { Failures = failures, Fault = fault };
        return new Breaker(BreakerState.Open, failures, Opened + 1, now + Pause(fault), fault);
    }

    /// <summary>Its time is over, or a probe that costs nothing went well.</summary>
    public Breaker Allow() => State == BreakerState.Open ? this with { State = BreakerState.HalfOpen, Trying = false } : this;

    /// <summary>A probe that costs nothing failed.</summary>
    public Breaker KeepOpen(DateTimeOffset now) => this with { Opened = Opened + 1, Until = now + Backoff(Opened + 1) };

    private TimeSpan Pause(ProviderFault fault)
    {
        // A limit that is over in a moment is not waited for longer than needed; nothing is asked in a tight loop.
        if (fault.Wait is { } told) return told < TimeSpan.FromMilliseconds(100) ? TimeSpan.FromMilliseconds(100) : told;
        return fault.Class == FaultClass.Quota ? QuotaPause : Backoff(Opened + 1);
    }

    private static TimeSpan Backoff(int times)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(times - 1, 10));
        return pause < LongestPause ? pause : LongestPause;
    }
}
