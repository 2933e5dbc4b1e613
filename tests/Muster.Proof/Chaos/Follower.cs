using System.Diagnostics;
using Muster.Client;
using Muster.Contracts.Events;

namespace Muster.Proof.Chaos;

/// <summary>Follows the event stream through every restart and keeps what it was told.</summary>
internal sealed class Follower(MusterClient plane)
{
    private readonly List<(long Seq, string Id)> _seen = [];
    private int _done;

    /// <summary>Completions told so far.</summary>
    public int Done => Volatile.Read(ref _done);

    public long Last { get; private set; }

    public long Begun { get; } = Stopwatch.GetTimestamp();

    public IReadOnlyList<(long Seq, string Id)> Seen => _seen;

    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            await foreach (var told in plane.FollowEventsAsync(after: 0, ct: ct))
            {
                _seen.Add((told.Seq, told.Id));
                Last = told.Seq;
                if (told.Type == EventTypes.TaskCompleted) Interlocked.Increment(ref _done);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The run is over.
        }
    }
}
