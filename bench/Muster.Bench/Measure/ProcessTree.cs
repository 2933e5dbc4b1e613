using System.Globalization;

namespace Muster.Bench.Measure;

/// <summary>What a process and its descendants have used since they started, as the kernel counts it.</summary>
/// <param name="Processor">Seconds, ended children that were waited for included.</param>
/// <param name="Resident">Bytes resident now; shared pages (PostgreSQL's buffers) once.</param>
/// <param name="PeakResident">Bytes resident at the most; of the root process.</param>
/// <param name="Written">Bytes handed to the disk.</param>
internal sealed record Usage(double Processor, long Resident, long PeakResident, long Written);

internal static class ProcessTree
{
    // The kernel's USER_HZ, which is 100 on every Linux that .NET runs on.
    private const double Ticks = 100;

    public static Usage Read(int root)
    {
        double processor = 0;
        long resident = 0, shared = 0, written = 0;
        foreach (var pid in Members(root))
        {
            if (Stat(pid) is not { } stat) continue;
            processor += stat.Processor;
            var status = Numbers($"/proc/{pid}/status");
            resident += (status.GetValueOrDefault("RssAnon") + status.GetValueOrDefault("RssFile")) * 1024;
            shared = Math.Max(shared, status.GetValueOrDefault("RssShmem") * 1024);
            written += Numbers($"/proc/{pid}/io").GetValueOrDefault("write_bytes");
        }

        return new Usage(processor, resident + shared, Numbers($"/proc/{root}/status").GetValueOrDefault("VmHWM") * 1024, written);
    }

    /// <summary>Processor seconds of this process, all its descendants, and the kernel's own threads, which work for them.</summary>
    public static double OursAndKernel() => Members(Environment.ProcessId).Concat(Members(2)).Sum(pid => Stat(pid)?.Processor ?? 0);

    /// <summary>Processor seconds of the whole machine: user, nice and system of the first line of /proc/stat.</summary>
    public static double Machine()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields[1..4].Sum(f => long.Parse(f, CultureInfo.InvariantCulture)) / Ticks;
    }

    private static List<int> Members(int root)
    {
        var parents = Directory.EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0)
            .Select(pid => (Pid: pid, Parent: Stat(pid)?.Parent ?? 0))
            .ToLookup(p => p.Parent, p => p.Pid);
        var members = new List<int> { root };
        for (var i = 0; i < members.Count; i++) members.AddRange(parents[members[i]]);
        return members;
    }

    private static (int Parent, double Processor)? Stat(int pid)
    {
        if (Text($"/proc/{pid}/stat") is not { Length: > 0 } text) return null;
        // The name stands in brackets and may hold anything.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (int.Parse(fields[1], CultureInfo.InvariantCulture), fields[11..15].Sum(f => long.Parse(f, CultureInfo.InvariantCulture)) / Ticks);
    }

    private static Dictionary<string, long> Numbers(string file)
    {
        var numbers = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in (Text(file) ?? "").Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && long.TryParse(line[(colon + 1)..].Replace(" kB", "", StringComparison.Ordinal).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                numbers[line[..colon]] = number;
        }

        return numbers;
    }

    /// <summary>Null when the process has ended between being listed and being read.</summary>
    private static string? Text(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
