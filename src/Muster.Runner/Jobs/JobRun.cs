using System.Diagnostics.CodeAnalysis;
using Muster.Contracts.Delivery;

namespace Muster.Runner.Jobs;

/// <summary>One job in hand and the right to it.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer; what still listens when the job ends may cancel it safely.")]
internal sealed class JobRun(ClaimedJob claimed, TimeProvider time)
{
    private readonly CancellationTokenSource _lost = new();
    private long _renewedAt = time.GetTimestamp();

    public ClaimedJob Claimed { get; } = claimed;

    /// <summary>Cancelled when the lease is no longer current, or cannot have been renewed.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <param name="sentAt">When the question was sent; the lease holds at least from then.</param>
    public void Renewed(long sentAt) => Volatile.Write(ref _renewedAt, sentAt);

    public void Lose() => _ = _lost.CancelAsync();

    /// <summary>Our clock only ever ends work earlier than the plane would.</summary>
    public void LoseIfOld()
    {
        if (time.GetElapsedTime(Volatile.Read(ref _renewedAt)) > TimeSpan.FromSeconds(Claimed.LeaseSeconds)) Lose();
    }
}
