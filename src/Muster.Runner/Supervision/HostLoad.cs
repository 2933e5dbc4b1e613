using System.Globalization;

namespace Muster.Runner.Supervision;

/// <summary>Processor share in use since the last look, 0 to 1; null where the system does not say (macOS).</summary>
internal sealed class HostLoad
{
    private (long Busy, long All) _last = Read();

    public double? Next()
    {
        var now = Read();
        var (busy, all) = (now.Busy - _last.Busy, now.All - _last.All);
        _last = now;
        return all > 0 ? Math.Round(Math.Clamp((double)busy / all, 0, 1), 3) : null;
    }

    // "cpu  user nice system idle iowait irq softirq steal ..." in ticks, all processors together.
    private static (long Busy, long All) Read()
    {
        if (!File.Exists("/proc/stat")) return (0, 0);
        using var reader = new StreamReader("/proc/stat");
        var ticks = (reader.ReadLine() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(text => long.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        var all = ticks.Sum();
        return (all - ticks.ElementAtOrDefault(3) - ticks.ElementAtOrDefault(4), all);
    }
}
