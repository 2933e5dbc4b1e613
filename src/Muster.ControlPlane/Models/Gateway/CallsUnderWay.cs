using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Models.Gateway;

/// <summary>The calls that pass through this plane now. One whose lease ends is cut off at once: a zombie spends nothing.</summary>
public sealed class CallsUnderWay
{
    private readonly Lock _gate = new();
    private readonly HashSet<Ticket> _calls = [];

    public CallsUnderWay(Store store) => store.Listen(committed =>
    {
        foreach (var signal in committed.Signals)
        {
            switch (signal)
            {
                case LeaseClosed closed:
                    End(t => t.TaskId == closed.TaskId && t.Epoch <= closed.Epoch);
                    break;
                case ModelsSwitched { Off: true }:
                    End(_ => true);
                    break;
            }
        }

        if (!store.IsShared) return;
        // Leases that ended at another plane.
        foreach (var row in committed.Events)
            if (row.TaskId is not null && LeaseTable.EndsAttempt(row, out var epoch)) End(t => t.TaskId == row.TaskId && (epoch is null || t.Epoch <= epoch));
    });

    /// <param name="taskId">The task whose lease it is for; null without one.</param>
    /// <param name="epoch">Of the lease.</param>
    /// <param name="caught">When the caller goes away.</param>
    public Ticket Enter(string? taskId, int epoch, CancellationToken caught)
    {
        var ticket = new Ticket(this, taskId, epoch, caught);
        lock (_gate) _calls.Add(ticket);
        return ticket;
    }

    private void End(Func<Ticket, bool> which)
    {
        List<Ticket> found;
        lock (_gate) found = [.. _calls.Where(which)];
        // Not here: whoever waits for the call goes on in the thread that cancels, and this one has the next commit to tell of.
        foreach (var ticket in found) ThreadPool.UnsafeQueueUserWorkItem(static t => t.End(), ticket, preferLocal: false);
    }

    public sealed class Ticket(CallsUnderWay calls, string? taskId, int epoch, CancellationToken caught) : IDisposable
    {
        private readonly CancellationTokenSource _ending = CancellationTokenSource.CreateLinkedTokenSource(caught);

        public string? TaskId => taskId;
        public int Epoch => epoch;
        public CancellationToken Token => _ending.Token;

        public void End()
        {
            lock (calls._gate)
                if (calls._calls.Contains(this)) _ending.Cancel();
        }

        public void Dispose()
        {
            lock (calls._gate) calls._calls.Remove(this);
            _ending.Dispose();
        }
    }
}
