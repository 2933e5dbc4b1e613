namespace Muster.Conformance.Models.Calling;

/// <summary>A clock that a test moves; its timers strike when it has passed them.</summary>
internal sealed class HandTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<HandTimer> _timers = [];
    private readonly List<(TimeSpan Within, TaskCompletionSource Met)> _awaited = [];
    private DateTimeOffset _now = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public void Advance(TimeSpan by)
    {
        List<HandTimer> due;
        lock (_lock)
        {
            _now += by;
            due = [.. _timers.Where(t => t.Due <= _now)];
            foreach (var timer in due) timer.Due = DateTimeOffset.MaxValue;
        }

        foreach (var timer in due) timer.Strike();
    }

    /// <summary>Ends once somebody waits on this clock for no longer than that: only then does moving it reach them.</summary>
    public Task UntilWaitedAsync(TimeSpan within)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _awaited.Add((within, met));
            TellAwaited();
        }

        return met.Task;
    }

    private void TellAwaited()
    {
        foreach (var (within, met) in _awaited)
            if (_timers.Any(t => t.Due <= _now + within)) met.TrySetResult();
        _awaited.RemoveAll(a => a.Met.Task.IsCompleted);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new HandTimer(this, () => callback(state));
        lock (_lock) _timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class HandTimer(HandTime time, Action strike) : ITimer
    {
        public DateTimeOffset Due { get; set; } = DateTimeOffset.MaxValue;

        public void Strike() => strike();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var now = false;
            lock (time._lock)
            {
                Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : time._now + dueTime;
                now = dueTime == TimeSpan.Zero;
                if (now) Due = DateTimeOffset.MaxValue;
                time.TellAwaited();
            }

            if (now) ThreadPool.QueueUserWorkItem(_ => strike());
            return true;
        }

        public void Dispose()
        {
            lock (time._lock) time._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
