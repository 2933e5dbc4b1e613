using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Muster.ControlPlane.Storage;

/// <summary>How the store writes, for whoever listens to the framework's meters.</summary>
internal static class StoreMeter
{
    public const string Name = "Muster.Store";
    public const string CommitSeconds = "muster.store.commit.duration";
    public const string CommitOperations = "muster.store.commit.operations";
    public const string Waiting = "muster.store.waiting";

    private static readonly Meter Meter = new(Name);
    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>(CommitSeconds, "s", "From the first statement of a commit until it is on disk");
    private static readonly Histogram<int> Operations = Meter.CreateHistogram<int>(CommitOperations, description: "Operations that shared a commit");
    private static readonly Gauge<int> Behind = Meter.CreateGauge<int>(Waiting, description: "Operations that waited for the next commit when the last one ended");

    public static void Committed(int operations, int waiting, long started)
    {
        Seconds.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        Operations.Record(operations);
        Behind.Record(waiting);
    }
}
