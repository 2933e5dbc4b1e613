using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Operations.State;

/// <summary>A lock's name and length, with what is at stake when it cannot be checked.</summary>
public sealed record LockKind(string Name, TimeSpan Length, Stake Stake);

/// <summary>
/// Locks with fencing numbers. The shared state says quickly who holds a lock and may forget it; the number comes from the
/// store and only ever rises, whatever the state forgets. So two may for a moment believe that they hold a lock, but
/// whoever got it last has the greater number, and what the lock protects refuses a smaller one.
/// </summary>
public sealed class SharedLocks(ISharedState state, Store store, TimeProvider time)
{
    /// <summary>Takes a lock. Null when somebody holds it, or when it cannot be checked and more than courtesy is at stake.</summary>
    public async Task<HeldLock?> TryTakeAsync(LockKind kind, CancellationToken ct)
    {
        var holder = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        var asked = time.GetTimestamp();
        try
        {
            if (!await state.TryLockAsync(kind.Name, holder, kind.Length, ct)) return null;
        }
        catch (StateUnavailableException) when (kind.Stake == Stake.Courtesy)
        {
            return new HeldLock(state, kind, holder, await NextAsync(ct), certain: false, asked, time);
        }
        catch (StateUnavailableException)
        {
            return null;
        }

        var fence = await NextAsync(ct);
        try
        {
            // The state may have forgotten the lock, and given it to another, while the number was fetched: then the other's
            // number may be the smaller one. Asked again after the number, holding it still means that no other has come between.
            asked = time.GetTimestamp();
            return await state.ExtendAsync(kind.Name, holder, kind.Length, ct) ? new HeldLock(state, kind, holder, fence, certain: true, asked, time) : null;
        }
        catch (StateUnavailableException)
        {
            return kind.Stake == Stake.Courtesy ? new HeldLock(state, kind, holder, fence, certain: false, asked, time) : null;
        }
    }

    // One statement, because on PostgreSQL two planes may do this at the same time.
    private Task<long> NextAsync(CancellationToken ct) => store.WriteAsync(tx => long.Parse(tx.QueryFirst<string>(
        """
        INSERT INTO meta (key, value) VALUES ('fence', '1')
        ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT) RETURNING value
        """)!, CultureInfo.InvariantCulture), ct);
}

/// <summary>A lock that was taken. Disposing lets go of it.</summary>
public sealed class HeldLock(ISharedState state, LockKind kind, string holder, long fence, bool certain, long asked, TimeProvider time) : IAsyncDisposable
{
    private long _asked = asked;

    /// <summary>Greater than that of every holder before; what the lock protects keeps the greatest it has seen and refuses smaller ones.</summary>
    public long Fence { get; } = fence;

    /// <summary>Whether it was checked that nobody else holds it.</summary>
    public bool Certain { get; private set; } = certain;

    /// <summary>False once its length has passed since it was last made sure of, by one's own clock: stop then, without asking.</summary>
    public bool IsCurrent => time.GetElapsedTime(_asked) < kind.Length;

    /// <summary>Makes it last. False when it is lost, or cannot be checked and more than courtesy is at stake.</summary>
    public async Task<bool> ExtendAsync(CancellationToken ct)
    {
        var now = time.GetTimestamp();
        try
        {
            if (!await state.ExtendAsync(kind.Name, holder, kind.Length, ct)) return false;
            (Certain, _asked) = (true, now);
            return true;
        }
        catch (StateUnavailableException)
        {
            if (kind.Stake != Stake.Courtesy) return false;
            (Certain, _asked) = (false, now);
            return true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await state.UnlockAsync(kind.Name, holder, CancellationToken.None);
        }
        catch (StateUnavailableException)
        {
            // It ends by itself after its length.
        }
    }
}
