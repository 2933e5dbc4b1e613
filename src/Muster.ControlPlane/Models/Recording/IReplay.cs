using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>A recording that is being replayed, by one run or by several, each from its beginning.</summary>
internal interface IReplay
{
    /// <summary>The recorded answer to a request; null, and why, when the run has left the recording.</summary>
    (RecordedCall? Call, string? Departure) Next(ProviderCall asked);
}

/// <summary>What each run has been answered from a recording.</summary>
/// <typeparam name="T">How a run's answers are kept.</typeparam>
internal sealed class ReplayedRuns<T>
    where T : new()
{
    /// <summary>Runs remembered at once; the longest ago is forgotten.</summary>
    private const int MostRuns = 1000;

    private readonly OrderedDictionary<string, T> _runs = new(StringComparer.Ordinal);

    public T Of(ProviderCall asked)
    {
        var run = asked.AssignmentId ?? "";
        if (_runs.TryGetValue(run, out var known)) return known;
        if (_runs.Count >= MostRuns) _runs.RemoveAt(0);
        return _runs[run] = new T();
    }
}
