using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>
/// Claims that found nothing and wait. Each task that becomes ready wakes the one that has waited longest; who cannot
/// take it passes the wake-up on, so nobody who could is left asleep and the others are left in peace.
/// </summary>
public sealed class ReadyWaiters
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Ticket> _waiting = [];
    private long _signal;

    public ReadyWaiters(Store store) => store.Listen(committed =>
    {
        var ready = committed.Signals.Count(s => s is TaskBecameReady);
        if (ready > 0) Wake(ready);
    });

    /// <summary>Enter before looking for work, so that nothing that becomes ready meanwhile is missed.</summary>
    public Ticket Enter()
    {
        lock (_gate)
        {
            var ticket = new Ticket(this) { Seen = _signal };
            _waiting.AddLast(ticket);
            return ticket;
        }
    }

    /// <summary>Lets everyone look again, after something other than a task has changed (an agent or a project resumed).</summary>
    public void WakeAll() => Wake(int.MaxValue);

    private void Wake(int count)
    {
        lock (_gate)
        {
            _signal++;
            for (var i = 0; i < count && _waiting.First is { } first; i++) Release(first, _signal);
        }
    }

    private void PassOn(long signal)
    {
        lock (_gate)
        {
            for (var node = _waiting.First; node is not null; node = node.Next)
            {
                if (node.Value.Seen >= signal) continue;
                Release(node, signal);
                return;
            }
        }
    }

    private void Release(LinkedListNode<Ticket> node, long signal)
    {
        _waiting.Remove(node);
        node.Value.Seen = signal;
        node.Value.Woken.TrySetResult();
    }

    public sealed class Ticket(ReadyWaiters owner) : IDisposable
    {
        internal long Seen;
        internal readonly TaskCompletionSource Woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Waits to be woken; false when the time is up.</summary>
        public async Task<bool> WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken ct)
        {
            try
            {
                await Woken.Task.WaitAsync(limit, time, ct);
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        /// <summary>Leaves without having taken anything: if woken, someone else should look.</summary>
        public void PassOn()
        {
            Dispose();
            if (Woken.Task.IsCompleted) owner.PassOn(Seen);
        }

        /// <summary>Goes on waiting after a wake-up that brought nothing; the wake-up goes to the next who has not seen it.</summary>
        public Ticket Again()
        {
            PassOn();
            var next = new Ticket(owner) { Seen = Seen };
            lock (owner._gate) owner._waiting.AddLast(next);
            return next;
        }

        public void Dispose()
        {
            lock (owner._gate) owner._waiting.Remove(this);
        }
    }
}
