namespace Muster.ControlPlane.Delivery;

/// <summary>Wakes everybody who waits. Take <see cref="Next"/> before looking, look, then await it: no wake-up is missed.</summary>
internal sealed class Pulse
{
    private TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Next => Volatile.Read(ref _source).Task;

    public void Beat() =>
        Interlocked.Exchange(ref _source, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Waits for a beat or until the time is over, whichever is first.</summary>
    public static async Task WaitAsync(Task beat, TimeSpan atMost, TimeProvider time, CancellationToken ct)
    {
        try
        {
            await beat.WaitAsync(atMost, time, ct);
        }
        catch (TimeoutException)
        {
            // Time over: the caller looks again.
        }
    }
}
