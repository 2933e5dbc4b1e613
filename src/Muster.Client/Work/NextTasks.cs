using System.Collections.Concurrent;
using Muster.Contracts.Work;

namespace Muster.Client.Work;

/// <summary>
/// Lets a hand-in ask for the next task on the same way, and keeps what comes back until the loop takes it. A question is
/// asked only while the loop may claim.
/// </summary>
internal sealed class NextTasks(WorkOptions options, WorkControl control, Heartbeater heart)
{
    private readonly ConcurrentQueue<(IReadOnlyList<ClaimedTask> Tasks, long From)> _given = [];

    /// <summary>Set when there is something to take, for a loop that waits for an answer of its own.</summary>
    public Signal Given { get; } = new(TimeProvider.System);

    /// <summary>What to ask along with a hand-in; null when no task is wanted.</summary>
    public ClaimRequest? Ask() => !control.MayClaim || control.End is not null ? null : new ClaimRequest
    {
        Agent = options.Agent,
        Labels = options.Labels,
        Projects = options.Projects,
        Max = 1,
    };

    /// <param name="tasks">What came back.</param>
    /// <param name="asked">When it was first asked for.</param>
    public void Give(IReadOnlyList<ClaimedTask> tasks, long asked)
    {
        if (tasks.Count == 0) return;
        _given.Enqueue((tasks, heart.Began(asked, tasks)));
        Given.Set();
        control.Changed.Set();
    }

    public bool TryTake(out IReadOnlyList<ClaimedTask> tasks, out long from)
    {
        var found = _given.TryDequeue(out var given);
        (tasks, from) = given;
        return found;
    }
}
