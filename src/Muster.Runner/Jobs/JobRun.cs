using System.Diagnostics.CodeAnalysis;
using Muster.Contracts.Delivery;

namespace Muster.Runner.Jobs;

/// <summary>One job in hand and the right to it.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer; what still listens when the job ends may cancel it safely.")]
internal sealed class JobRun(ClaimedJob claimed, TimeProvider time)
{
    private readonly CancellationTokenSource _lost = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _renewedAt = time.GetTimestamp();

    public ClaimedJob Claimed { get; } = claimed;

    /// <summary>Cancelled when the lease is no longer current, or cannot have been renewed.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <param name="sentAt">When the question was sent; the lease holds at least from then.</param>
    public void Renewed(long sentAt) => Volatile.Write(ref _renewedAt, sentAt);

    /// <summary>When nothing of it runs any more.</summary>
    public Task Ended => _ended.Task;

    public void Lose() => _ = _lost.CancelAsync();

    public void End() => _ended.TrySetResult();

    /// <summary>Our clock only ever ends work earlier than the plane would.</summary>
    public void LoseIfOld()
    {
        if (time.GetElapsedTime(Volatile.Read(ref _renewedAt)) > TimeSpan.FromSeconds(Claimed.LeaseSeconds)) Lose();
    }
}
