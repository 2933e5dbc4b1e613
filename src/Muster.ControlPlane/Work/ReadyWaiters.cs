using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>
/// Claims that found nothing and wait. Each task that becomes ready wakes the one that has waited longest; who cannot
/// take it passes the wake-up on while there is something to take, so nobody who could is left asleep and the others are left
/// in peace.
/// </summary>
public sealed class ReadyWaiters
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Ticket> _waiting = [];
    private readonly ReadyTasks _ready;
    private long _signal;

    // After the ready tasks, which hear of each commit first: who is woken finds there what woke it.
    public ReadyWaiters(Store store, ReadyTasks ready)
    {
        _ready = ready;
        store.Listen(committed =>
        {
            var count = 0L;
            foreach (var signal in committed.Signals)
            {
                count += signal switch
                {
                    TaskBecameReady => 1,
                    ClaimsMayLook => int.MaxValue,
                    // What became ready is found when the ready tasks were read anew, which wakes everybody.
                    LookAgain again when again.Missed<ClaimsMayLook>() is not 0 => int.MaxValue,
                    _ => 0,
                };
            }

            if (count > 0) Wake((int)Math.Min(count, int.MaxValue));
        });
        ready.Refilled = WakeAll;
    }

    /// <summary>Claims that wait now.</summary>
    public int Count
    {
        get { lock (_gate) return _waiting.Count; }
    }

    /// <summary>Enter before looking for work, so that nothing that becomes ready meanwhile is missed.</summary>
    public Ticket Enter() => Enter(after: null);

    /// <summary>Enters again after a wake-up, as one who has seen it.</summary>
    public Ticket Enter(Ticket? after)
    {
        lock (_gate)
        {
            var ticket = new Ticket { Seen = after?.Seen ?? _signal };
            _waiting.AddLast(ticket.Place);
            return ticket;
        }
    }

    /// <summary>Leaves. A wake-up that was not used goes to the next who has not seen it.</summary>
    public void Leave(Ticket ticket, bool used)
    {
        lock (_gate)
        {
            if (ticket.Place.List is not null) _waiting.Remove(ticket.Place);
            // Whoever came by and took the task needed no waking; a task that is put back wakes everybody.
            if (used || !ticket.IsWoken || _ready.Count == 0) return;
            for (var node = _waiting.First; node is not null; node = node.Next)
            {
                if (node.Value.Seen >= ticket.Seen) continue;
                Release(node, ticket.Seen);
                return;
            }
        }
    }

    private void WakeAll() => Wake(int.MaxValue);

    private void Wake(int count)
    {
        lock (_gate)
        {
            _signal++;
            for (var i = 0; i < count && _waiting.First is { } first; i++) Release(first, _signal);
        }
    }

    private void Release(LinkedListNode<Ticket> node, long signal)
    {
        _waiting.Remove(node);
        node.Value.Seen = signal;
        node.Value.Wake();
    }

    public sealed class Ticket
    {
        private readonly TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Ticket() => Place = new LinkedListNode<Ticket>(this);

        /// <summary>Its place in the line, found without a walk along it.</summary>
        internal LinkedListNode<Ticket> Place { get; }

        /// <summary>Number of the last wake-up its holder knows of.</summary>
        internal long Seen { get; set; }

        internal bool IsWoken => _woken.Task.IsCompleted;

        /// <summary>Waits to be woken; false when the time is up.</summary>
        public async Task<bool> WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken ct)
        {
            try
            {
                await _woken.Task.WaitAsync(limit, time, ct);
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        internal void Wake() => _woken.TrySetResult();
    }
}
