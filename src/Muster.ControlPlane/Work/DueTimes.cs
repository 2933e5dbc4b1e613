using Dapper;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>The earliest time that any task waits for, so that the store is asked only when it has come.</summary>
public sealed class DueTimes
{
    private const string Earliest = "SELECT MIN(not_before) FROM tasks WHERE not_before IS NOT NULL";

    private readonly Store _store;
    private readonly TimeProvider _time;
    private long _next = long.MaxValue;

    public DueTimes(Store store, TimeProvider time)
    {
        _store = store;
        _time = time;
        store.Listen(committed =>
        {
            foreach (var signal in committed.Signals)
            {
                if (signal is TaskDue due) Lower(due.At);
                else if (signal is LookAgain again && again.Missed<TaskDue>() is not 0) Forget();
            }
        });
    }

    public async Task LoadAsync(CancellationToken ct) => Lower(await _store.ReadAsync(c => c.QueryFirstAsync<long?>(Earliest), ct) ?? long.MaxValue);

    /// <summary>What is known may be wrong: the store is asked at the next look.</summary>
    public void Forget() => Lower(0);

    public bool HasPassed() => _time.GetUtcNow().ToUnixTimeMilliseconds() >= Interlocked.Read(ref _next);

    /// <summary>After the passed ones were freed. A time set by a later operation of the same commit comes as a signal.</summary>
    public void Reset(StoreTransaction tx) => Interlocked.Exchange(ref _next, tx.QueryFirst<long?>(Earliest) ?? long.MaxValue);

    private void Lower(long at)
    {
        long seen;
        while (at < (seen = Interlocked.Read(ref _next)) && Interlocked.CompareExchange(ref _next, at, seen) != seen)
        {
            // Another writer was quicker; look again.
        }
    }
}
