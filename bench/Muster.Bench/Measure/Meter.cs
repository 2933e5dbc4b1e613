using System.Diagnostics;
using Muster.Bench.Load;

namespace Muster.Bench.Measure;

/// <summary>One run of one contender.</summary>
/// <param name="Value">The figure, in the contender's unit.</param>
/// <param name="Items">What the costs are divided by: tasks, requests, deliveries.</param>
/// <param name="Latency">Milliseconds of single calls, where they were taken.</param>
/// <param name="Servers">What each server process used meanwhile.</param>
/// <param name="LoadShare">This process's share of the whole machine's processors.</param>
/// <param name="OthersShare">The share of processes that are none of the run's.</param>
internal sealed record Sample(double Value, double Items, Latency? Latency, IReadOnlyDictionary<string, Cost> Servers, double LoadShare, double OthersShare)
{
    public bool IsQuiet => OthersShare <= 0.10;
}

/// <param name="Processor">Microseconds of processor time an item.</param>
/// <param name="PeakMiB">Resident at the most, so far.</param>
/// <param name="Written">Bytes to the disk an item.</param>
internal sealed record Cost(double Processor, double PeakMiB, double Written);

/// <summary>Watches the machine, this process and the servers from start to stop.</summary>
internal sealed class Meter
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly (string Name, Func<Usage> Read)[] _servers;
    private readonly Usage[] _before;
    private readonly double _machine = ProcessTree.Machine();
    private readonly double _ours = ProcessTree.OursAndKernel();
    private readonly double _load = Own();

    private Meter((string, Func<Usage>)[] servers)
    {
        _servers = servers;
        _before = [.. servers.Select(s => s.Item2())];
    }

    public static Meter Start(params (string Name, Func<Usage> Read)[] servers) => new(servers);

    public Sample Stop(double value, double items, Latency? latency = null)
    {
        var capacity = Stopwatch.GetElapsedTime(_started).TotalSeconds * Environment.ProcessorCount;
        var others = ProcessTree.Machine() - _machine - (ProcessTree.OursAndKernel() - _ours);
        var costs = new Dictionary<string, Cost>(StringComparer.Ordinal);
        foreach (var ((name, read), before) in _servers.Zip(_before))
        {
            var now = read();
            costs[name] = new Cost((now.Processor - before.Processor) * 1e6 / items, Math.Max(now.PeakResident, now.Resident) / 1048576.0, (now.Written - before.Written) / items);
        }

        return new Sample(value, items, latency, costs, (Own() - _load) / capacity, Math.Max(0, others / capacity));
    }

    public Sample Stop(Run run) => Stop(run.Rate, run.Tasks, run.Requests);

    private static double Own() => Environment.CpuUsage.TotalTime.TotalSeconds;
}
