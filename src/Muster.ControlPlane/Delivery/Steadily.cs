namespace Muster.ControlPlane.Delivery;

/// <summary>Runs a loop of a background service for as long as the plane runs: what fails is logged and tried again.</summary>
internal static class Steadily
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

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
                await Pulse.WaitAsync(Task.Delay(Timeout.Infinite, ct), AfterFailure, time, CancellationToken.None);
            }
        }
    }
}
