namespace Muster.ControlPlane.Operations.State;

/// <summary>In this process: for one plane by itself. Bounded; when it is full, what ends soonest is forgotten first.</summary>
public sealed class LocalState(TimeProvider time) : ISharedState
{
    private const int Most = 200_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, long> _ends = new();
    private readonly long _start = time.GetTimestamp();

    public PartHealth Health { get; } = PartHealth.Healthy("in this process");

    public bool IsShared => false;

    // The monotonic clock: setting the wall clock ends no lock.
    private long Now => time.GetElapsedTime(_start).Ticks;

    public ValueTask<IReadOnlyList<byte[]?>> GetAsync(IReadOnlyList<string> keys, CancellationToken ct)
    {
        lock (_gate) return ValueTask.FromResult<IReadOnlyList<byte[]?>>([.. keys.Select(k => Find("v:" + k)?.Bytes)]);
    }

    public ValueTask SetAsync(IReadOnlyList<KeyValuePair<string, byte[]>> values, TimeSpan life, CancellationToken ct)
    {
        lock (_gate)
            foreach (var (key, value) in values) Put("v:" + key, new Entry(Now + life.Ticks) { Bytes = value });
        return ValueTask.CompletedTask;
    }

    public ValueTask RemoveAsync(string key, CancellationToken ct)
    {
        lock (_gate) _entries.Remove("v:" + key);
        return ValueTask.CompletedTask;
    }

    public ValueTask<Taken> TakeAsync(string key, Rate rate, int count, CancellationToken ct)
    {
        lock (_gate)
        {
            var now = Now;
            var (full, taken) = Bucket.Take(Find("l:" + key)?.FullAt ?? 0, now, rate, count);
            if (taken.Allowed) Put("l:" + key, new Entry(full) { FullAt = full });
            return ValueTask.FromResult(taken);
        }
    }

    public ValueTask<bool> TryLockAsync(string name, string holder, TimeSpan length, CancellationToken ct)
    {
        lock (_gate)
        {
            if (Find("k:" + name) is not null) return ValueTask.FromResult(false);
            Put("k:" + name, new Entry(Now + length.Ticks) { Holder = holder });
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask<bool> ExtendAsync(string name, string holder, TimeSpan length, CancellationToken ct)
    {
        lock (_gate)
        {
            if (Find("k:" + name)?.Holder != holder) return ValueTask.FromResult(false);
            Put("k:" + name, new Entry(Now + length.Ticks) { Holder = holder });
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask UnlockAsync(string name, string holder, CancellationToken ct)
    {
        lock (_gate)
            if (Find("k:" + name)?.Holder == holder) _entries.Remove("k:" + name);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Entry? Find(string key) => _entries.TryGetValue(key, out var entry) && entry.Ends > Now ? entry : null;

    private void Put(string key, Entry entry)
    {
        _entries[key] = entry;
        _ends.Enqueue(key, entry.Ends);
        var now = Now;
        // A key that was set again stands in the queue more than once; only its last end counts.
        while (_ends.TryPeek(out var first, out var ends) && (ends <= now || _ends.Count > Most))
        {
            _ends.Dequeue();
            if (_entries.TryGetValue(first, out var there) && there.Ends <= ends) _entries.Remove(first);
        }
    }

    private sealed record Entry(long Ends)
    {
        public byte[]? Bytes { get; init; }
        public string? Holder { get; init; }
        public long FullAt { get; init; }
    }
}
