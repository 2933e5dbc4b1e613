namespace Muster.ControlPlane.Work;

/// <summary>
/// When the oldest assignment that an agent has open began, as its last claim saw it. Whoever counts the open ones begins
/// there: what lies before has ended, and an engine that keeps dead rows for somebody's old snapshot would walk all of it.
/// Belongs to one writer, whose agents are no other's. What a commit saw counts only once it is committed.
/// </summary>
internal sealed class OpenSince
{
    /// <summary>Beside another plane a commit that began earlier may end later; it began no longer ago than this.</summary>
    private const long Overlap = 2_000;

    /// <summary>After this all are counted from the beginning again, so that no surprise lasts.</summary>
    private const long Trust = 60_000;

    private readonly Dictionary<string, long> _since = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _seen = new(StringComparer.Ordinal);
    private long _from;
    private long _now;
    private bool _alone;

    /// <summary>To be called first in every commit.</summary>
    /// <param name="now">Its time.</param>
    /// <param name="alone">Whether no other plane is there.</param>
    public void Begin(long now, bool alone)
    {
        _alone = alone;
        foreach (var (agent, since) in _seen) _since[agent] = since;
        _seen.Clear();
        // A clock that was set back makes assignments that are older than those before them.
        if (now < _now || now - _from > Trust)
        {
            _since.Clear();
            _from = now;
        }

        _now = now;
    }

    public long Of(string agentId) => _since.GetValueOrDefault(agentId);

    /// <param name="agentId">Who claims.</param>
    /// <param name="oldest">When its oldest open assignment began; null when it has none.</param>
    public void Saw(string agentId, long? oldest) => _seen[agentId] = Math.Min(oldest ?? _now, _now) - (_alone ? 0 : Overlap);

    /// <summary>The commit did not happen.</summary>
    public void Undone() => _seen.Clear();
}
