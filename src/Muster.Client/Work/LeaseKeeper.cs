using Muster.Contracts.Fleet;

namespace Muster.Client.Work;

/// <summary>The leases that this loop holds, and what the plane says of them.</summary>
internal sealed class LeaseKeeper(Action<WorkNotice> notice)
{
    private readonly Lock _lock = new();
    private readonly List<HeldLease> _held = [];

    public IReadOnlyList<HeldLease> Held
    {
        get
        {
            lock (_lock)
                return [.. _held];
        }
    }

    public void Add(HeldLease lease)
    {
        lock (_lock)
            _held.Add(lease);
    }

    public void Remove(HeldLease lease)
    {
        lock (_lock)
            _held.Remove(lease);
        lease.Dispose();
    }

    /// <summary>Takes the answers to the question about <paramref name="asked"/>, in its order.</summary>
    public void Apply(IReadOnlyList<HeldLease> asked, IReadOnlyList<LeaseAnswer> answers, long sentAt)
    {
        for (var i = 0; i < Math.Min(asked.Count, answers.Count); i++)
        {
            if (answers[i].Current)
                asked[i].Renewed(sentAt);
            else if (IsHeld(asked[i]) && asked[i].Stop(TaskStop.LeaseLost, "the plane says that the lease is no longer current"))
                notice(new WorkNotice { Text = "The lease is lost; the task was stopped.", TaskKey = asked[i].Claimed.Task.Key });
        }
    }

    public void Cancel(AgentCommand command)
    {
        foreach (var lease in Held)
        {
            if (string.Equals(lease.Claimed.Assignment.Id, command.AssignmentId, StringComparison.Ordinal))
                lease.Stop(TaskStop.Cancelled, command.Reason ?? "cancelled");
        }
    }

    // What was handed in while the question was under way is not lost but done.
    private bool IsHeld(HeldLease lease)
    {
        lock (_lock)
            return _held.Contains(lease);
    }
}
