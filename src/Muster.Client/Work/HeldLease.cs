using Muster.Contracts.Work;

namespace Muster.Client.Work;

/// <summary>
/// The right to one task, as far as this process knows. Stops the task when the plane says that the right is gone, and by the monotonic
/// clock before it can have ended unnoticed. The clock only ever stops work earlier; the plane decides.
/// </summary>
internal sealed class HeldLease : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _trusted;
    private readonly ITimer _timer;
    private long _from;
    private bool _disposed;

    /// <param name="claimed">What was claimed.</param>
    /// <param name="from">Timestamp at which the lease began, at the latest.</param>
    /// <param name="margin">How long before its end it is no longer trusted.</param>
    /// <param name="time">The monotonic clock.</param>
    public HeldLease(ClaimedTask claimed, long from, TimeSpan? margin, TimeProvider time)
    {
        (Claimed, _from, _time) = (claimed, from, time);
        Token = _stop.Token;
        Length = TimeSpan.FromSeconds(claimed.LeaseSeconds);
        var kept = margin ?? TimeSpan.FromSeconds(Math.Min(10, Length.TotalSeconds / 5));
        _trusted = kept < Length ? Length - kept : TimeSpan.Zero;
        _timer = time.CreateTimer(static state => ((HeldLease)state!).Check(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Check();
    }

    public ClaimedTask Claimed { get; }

    public TimeSpan Length { get; }

    /// <summary>The task's token.</summary>
    public CancellationToken Token { get; }

    public TaskStop Cause { get; private set; }

    public string? Why { get; private set; }

    /// <summary>The lease was current when the question with this timestamp was sent; it holds for its length from then.</summary>
    public void Renewed(long sentAt)
    {
        lock (_lock)
        {
            if (sentAt <= _from)
                return;
            _from = sentAt;
        }
        Check();
    }

    /// <summary>Cancels the task's token, once; says whether this call did it.</summary>
    public bool Stop(TaskStop cause, string why)
    {
        lock (_lock)
        {
            // A loss that is certain overrides a milder cause: nothing can be handed in any more.
            if (_disposed || Cause == TaskStop.LeaseLost || (Cause != TaskStop.None && cause != TaskStop.LeaseLost))
                return false;
            (Cause, Why) = (cause, why);
            // Marks the token at once and runs what hangs on it elsewhere: a slow callback must not hold up the heartbeat.
            _ = _stop.CancelAsync();
            return true;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            _timer.Dispose();
        }
    }

    private void Check()
    {
        lock (_lock)
        {
            if (_disposed || Cause != TaskStop.None)
                return;
            var left = _trusted - _time.GetElapsedTime(_from);
            if (left > TimeSpan.Zero)
            {
                _timer.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }
        }
        Stop(TaskStop.PlaneAway, "the lease could not be renewed in time");
    }
}
