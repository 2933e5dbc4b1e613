namespace Muster.ControlPlane.Operations.State;

/// <summary>
/// What planes know together for a while: how agents are, counts against limits, who holds a lock. Never the truth and
/// never needed: it may forget everything at any moment. An operation either answers for certain or throws
/// <see cref="StateUnavailableException"/>; what then happens is decided by <see cref="Stake"/>, above this port.
/// </summary>
public interface ISharedState : IAsyncDisposable
{
    PartHealth Health { get; }

    /// <summary>Whether other planes see it; when not, asking it says no more than one's own memory.</summary>
    bool IsShared { get; }

    /// <summary>Values by key; null for those that are not there.</summary>
    ValueTask<IReadOnlyList<byte[]?>> GetAsync(IReadOnlyList<string> keys, CancellationToken ct);

    /// <summary>Sets values that are forgotten after a time.</summary>
    ValueTask SetAsync(IReadOnlyList<KeyValuePair<string, byte[]>> values, TimeSpan life, CancellationToken ct);

    ValueTask RemoveAsync(string key, CancellationToken ct);

    /// <summary>Takes <paramref name="count"/> from a bucket that fills at a rate, all or nothing.</summary>
    ValueTask<Taken> TakeAsync(string key, Rate rate, int count, CancellationToken ct);

    /// <summary>Takes a lock that nobody holds. False when it is held, by whomever.</summary>
    ValueTask<bool> TryLockAsync(string name, string holder, TimeSpan length, CancellationToken ct);

    /// <summary>Makes a lock last from now on. False when this holder holds it no more; it is not taken anew.</summary>
    ValueTask<bool> ExtendAsync(string name, string holder, TimeSpan length, CancellationToken ct);

    /// <summary>Lets go of a lock, if this holder holds it.</summary>
    ValueTask UnlockAsync(string name, string holder, CancellationToken ct);
}

/// <param name="PerSecond">How fast the bucket fills.</param>
/// <param name="Burst">How much it holds.</param>
public sealed record Rate(double PerSecond, double Burst);

/// <param name="Allowed">Whether it was taken.</param>
/// <param name="RetryAfter">When it could be, if not.</param>
public readonly record struct Taken(bool Allowed, TimeSpan RetryAfter);

/// <summary>The shared state cannot be asked now. The message may be shown.</summary>
public sealed class StateUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What is at stake when a limit or a lock cannot be checked; said where it is declared.</summary>
public enum Stake
{
    /// <summary>Somebody is served a little too much, or a thing is done twice that may be: goes on (fails open).</summary>
    Courtesy,

    /// <summary>Money could be spent beyond what was allowed: refused (fails closed).</summary>
    Money,

    /// <summary>Something could break that cannot be mended: refused (fails closed).</summary>
    Safety,
}
