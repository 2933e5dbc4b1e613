using Muster.Client.Work;
using Muster.Contracts.Work;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>
    /// Works as an agent until told to stop: registers, takes tasks and runs <paramref name="work"/> for each, keeps their leases, and
    /// hands the results in. What <paramref name="work"/> returns from is complete, what it throws fails the attempt with the message
    /// (see <see cref="TaskFailedException"/>), and what <see cref="TaskContext"/> was told comes first. The task's token is cancelled
    /// at once when the task is no longer the agent's; <see cref="TaskContext.StopCause"/> says why. Outlives restarts of the plane.
    /// </summary>
    /// <returns>Why it ended; cancelling <paramref name="ct"/> is a good end too, and does not throw.</returns>
    /// <exception cref="MusterException">The plane refused to register the agent.</exception>
    public async Task<WorkEnd> WorkAsync(
        WorkOptions options, Func<TaskInfo, TaskContext, CancellationToken, Task> work, CancellationToken ct = default)
    {
        using var loop = new WorkLoop(this, options, work);
        return await loop.RunAsync(ct);
    }
}
