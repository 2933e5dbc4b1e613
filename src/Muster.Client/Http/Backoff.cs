namespace Muster.Client.Http;

/// <summary>Exponential back-off with full jitter: a random share of base · 2^n, so that a crew does not come back in step.</summary>
internal static class Backoff
{
    private static readonly TimeSpan MaxAsked = TimeSpan.FromSeconds(60);

    public static TimeSpan Delay(int attempt, TimeSpan first, TimeSpan max, TimeSpan? asked = null)
    {
        var ceiling = Math.Min(max.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(attempt, 30)));
        var jittered = TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * ceiling);
        if (asked is not { } wait || wait <= TimeSpan.Zero)
            return jittered;
        // What the plane asks for is the least; the jitter on top keeps callers from returning together.
        return (wait < MaxAsked ? wait : MaxAsked) + jittered;
    }
}
