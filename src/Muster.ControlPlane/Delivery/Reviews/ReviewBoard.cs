using System.Collections.Concurrent;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>What each task in review waits for, as the last look at it found. Made anew at every start.</summary>
public sealed class ReviewBoard
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<WaitingReason>> _waiting = new(StringComparer.Ordinal);

    public IReadOnlyList<WaitingReason> WaitingOn(string taskId) => _waiting.GetValueOrDefault(taskId, []);

    public int Count => _waiting.Count;

    internal IEnumerable<string> Tasks => _waiting.Keys;

    internal void Set(string taskId, params IReadOnlyList<WaitingReason> reasons) => _waiting[taskId] = reasons;

    internal void Clear(string taskId) => _waiting.TryRemove(taskId, out _);

    internal static WaitingReason Because(string code, string detail, string? on = null) => new() { Code = code, Detail = detail, On = on };
}
