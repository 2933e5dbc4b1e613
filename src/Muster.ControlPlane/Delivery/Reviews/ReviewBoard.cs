using System.Collections.Concurrent;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>What each task in review waits for, as the leader's last look at it found. Made anew with every term; empty where nobody leads.</summary>
public sealed class ReviewBoard
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<WaitingReason>> _waiting = new(StringComparer.Ordinal);

    public IReadOnlyList<WaitingReason> WaitingOn(string taskId) => _waiting.GetValueOrDefault(taskId, []);

    public int Count => _waiting.Count;

    internal IEnumerable<string> Tasks => _waiting.Keys;

    internal void Set(string taskId, params IReadOnlyList<WaitingReason> reasons) => _waiting[taskId] = reasons;

    internal void Clear(string taskId) => _waiting.TryRemove(taskId, out _);

    internal void Reset() => _waiting.Clear();

    internal static WaitingReason Because(string code, string detail, string? on = null) => new() { Code = code, Detail = detail, On = on };
}
