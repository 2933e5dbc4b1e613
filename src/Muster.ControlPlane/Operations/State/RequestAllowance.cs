using System.Collections.Concurrent;

namespace Muster.ControlPlane.Operations.State;

/// <summary>
/// How many requests a token may still make. Planes take from the shared count in portions of a twentieth of a second and
/// hand them out from memory: a request costs a decrement, and a shared state that is away or slow is asked twenty times a
/// second and not at every request. A courtesy: when nobody can count, everybody is served.
/// </summary>
public sealed class RequestAllowance(SharedLimits limits, ControlPlaneOptions options, TimeProvider time)
{
    private const int Portions = 20;
    private const double BurstSeconds = 5;

    private readonly ConcurrentDictionary<string, Allowance> _byToken = new(StringComparer.Ordinal);
    private readonly Limit _limit = new("requests", new Rate(Math.Max(1, options.RequestsPerSecond), Math.Max(1, options.RequestsPerSecond) * BurstSeconds), Stake.Courtesy);
    private readonly int _portion = Math.Max(1, options.RequestsPerSecond / Portions);

    /// <summary>Null to go on; otherwise when to come again.</summary>
    public ValueTask<TimeSpan?> TakeAsync(string token, CancellationToken ct)
    {
        if (options.RequestsPerSecond == 0) return ValueTask.FromResult<TimeSpan?>(null);
        var allowance = _byToken.GetOrAdd(token, static _ => new Allowance());
        return Interlocked.Decrement(ref allowance.Left) >= 0 ? ValueTask.FromResult<TimeSpan?>(null) : RefillAsync(token, allowance, ct);
    }

    private async ValueTask<TimeSpan?> RefillAsync(string token, Allowance allowance, CancellationToken ct)
    {
        // Refused a moment ago, and nothing has changed: asking again would only cost.
        var closed = new TimeSpan(Interlocked.Read(ref allowance.ClosedUntil) - time.GetUtcNow().Ticks);
        if (closed > TimeSpan.Zero) return closed;
        var answer = await limits.TakeAsync(_limit, token, _portion, ct);
        if (!answer.Allowed)
        {
            Interlocked.Exchange(ref allowance.ClosedUntil, (time.GetUtcNow() + answer.RetryAfter).Ticks);
            return answer.RetryAfter;
        }

        // This request takes one of the portion. Others that found nothing meanwhile have fetched portions of their own.
        Interlocked.Exchange(ref allowance.Left, Math.Max(0, Volatile.Read(ref allowance.Left)) + _portion - 1);
        return null;
    }

    private sealed class Allowance
    {
        public int Left;
        public long ClosedUntil;
    }
}
