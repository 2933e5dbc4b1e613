using System.Globalization;

namespace Muster.Hosting;

/// <summary>
/// What goes wrong again and again (a full disk, a server that is gone) is said once a minute, with how often: a log of bounded
/// size still holds how it began when somebody looks in the morning.
/// </summary>
internal sealed class Repetitions(TimeProvider time)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    /// <summary>Different things that are kept in mind; beyond them, all is said.</summary>
    private const int Most = 200;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Said> _said = new(StringComparer.Ordinal);

    /// <summary>Whether a thing is to be said now.</summary>
    /// <param name="what">All that tells it from others.</param>
    /// <param name="again">Lines to be said before it: what was kept back, and how often.</param>
    public bool IsNew(string what, out IReadOnlyList<string> again)
    {
        lock (_gate)
        {
            again = Over(time.GetUtcNow() - Quiet);
            if (_said.TryGetValue(what, out var said))
            {
                said.Again++;
                said.Last = time.GetUtcNow();
                return false;
            }

            if (_said.Count < Most) _said.Add(what, new Said(time.GetUtcNow()));
            return true;
        }
    }

    /// <summary>What is still kept back.</summary>
    public IReadOnlyList<string> End()
    {
        lock (_gate) return Over(DateTimeOffset.MaxValue);
    }

    private List<string> Over(DateTimeOffset until)
    {
        List<string> lines = [];
        foreach (var (what, said) in _said.Where(s => s.Value.Since <= until).ToList())
        {
            _said.Remove(what);
            if (said.Again > 0) lines.Add(string.Create(CultureInfo.InvariantCulture, $"{what} (again {said.Again} {(said.Again == 1 ? "time" : "times")} until {said.Last:HH:mm:ss}Z)"));
        }

        return lines;
    }

    private sealed class Said(DateTimeOffset since)
    {
        public DateTimeOffset Since => since;
        public DateTimeOffset Last { get; set; }
        public int Again { get; set; }
    }
}
