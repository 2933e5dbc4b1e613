namespace Muster.Client.Work;

/// <summary>Wakes one waiter; set before it waits, it does not wait.</summary>
internal sealed class Signal(TimeProvider time)
{
    private volatile TaskCompletionSource _set = New();

    public void Set() => _set.TrySetResult();

    /// <summary>Waits until set or until the time is over, and takes the signal.</summary>
    public async Task WaitAsync(TimeSpan limit, CancellationToken ct)
    {
        var set = _set;
        if (!set.Task.IsCompleted)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
            await Task.WhenAny(set.Task, Task.Delay(limit, time, over.Token));
            await over.CancelAsync();
        }
        ct.ThrowIfCancellationRequested();
        // Taken only when it was set: a signal that comes between is for the next wait.
        if (set.Task.IsCompleted)
            _set = New();
    }

    /// <summary>Waits until set or until <paramref name="other"/> has ended, and takes the signal.</summary>
    public async Task WaitOrAsync(Task other)
    {
        var set = _set;
        await Task.WhenAny(set.Task, other);
        if (set.Task.IsCompleted)
            _set = New();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
