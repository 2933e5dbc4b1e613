namespace Muster.ControlPlane.Delivery;

/// <summary>Runs a loop of a background service for as long as the plane runs: what fails is logged and tried again.</summary>
internal static class Steadily
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>Does something until it succeeds once.</summary>
    public static async Task OnceAsync(Func<CancellationToken, Task> step, string what, ILogger logger, TimeProvider time, CancellationToken ct)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await RunAsync(async inner =>
        {
            await step(inner);
            await done.CancelAsync();
        }, what, logger, time, done.Token);
    }

    public static async Task RunAsync(Func<CancellationToken, Task> step, string what, ILogger logger, TimeProvider time, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await step(ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // Whatever went wrong (the disk is full, git is missing), the duty remains: everything here can be done again.
                logger.LogError(error, "{Duty} failed and is tried again", what);
                await Task.Delay(AfterFailure, time, ct);
            }
        }
    }
}
