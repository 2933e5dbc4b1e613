using System.Globalization;
using System.Text;

namespace Muster.EndToEnd.Tests;

/// <summary>Looks at processes from outside, by what the system says of them.</summary>
internal static class MarkedProcesses
{
    /// <summary>Those whose <c>MUSTER_RUN</c> is the marker or lies below it.</summary>
    public static IReadOnlyList<int> Find(string marker)
    {
        Assert.NotEmpty(marker);
        return [.. Pids().Where(pid => Variable(pid, "MUSTER_RUN") is { } run && (run == marker || run.StartsWith(marker + "/", StringComparison.Ordinal)))];
    }

    /// <summary>A variable of a process's environment; null when it has none, or is gone.</summary>
    public static string? Variable(int pid, string name) => Read($"/proc/{pid}/environ").Split('\0')
        .FirstOrDefault(entry => entry.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    public static string Command(int pid) => Read($"/proc/{pid}/cmdline").Replace('\0', ' ').Trim();

    /// <summary>Whether a signal has stopped it.</summary>
    public static bool IsStopped(int pid)
    {
        // "pid (name) state ...", and the name may hold anything.
        var stat = Read($"/proc/{pid}/stat");
        return stat.Length > 0 && stat[(stat.LastIndexOf(')') + 2)..][0] == 'T';
    }

    /// <summary>Sends a signal to all below a marker, again until none of them forks past it.</summary>
    public static async Task<IReadOnlyList<int>> StopAsync(string marker)
    {
        IReadOnlyList<int> stopped = [];
        var looks = 0;
        await Until.HoldsAsync(() =>
        {
            stopped = Find(marker);
            // A shell whose child was stopped before it became its program waits for that and cannot be stopped itself: now and then they go on a little.
            var signal = ++looks % 10 == 0 ? Signals.Continue : Signals.Stop;
            foreach (var pid in stopped) Signals.Send(pid, signal);
            return Task.FromResult((stopped.Count > 0 && stopped.All(IsStopped), $"{stopped.Count} processes, not all stopped"));
        }, TimeSpan.FromSeconds(10));
        return stopped;
    }

    private static IEnumerable<int> Pids() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0).Where(pid => pid > 0 && pid != Environment.ProcessId);

    private static string Read(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked, or is somebody else's.
            return "";
        }
    }
}
