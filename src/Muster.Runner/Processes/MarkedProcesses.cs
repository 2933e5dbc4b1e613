using System.Diagnostics;
using System.Text;

namespace Muster.Runner.Processes;

/// <summary>
/// Finds processes by <c>MUSTER_RUN</c> in their environment. Markers form a path (<c>host/agent/attempt</c>); asking for
/// one finds everything below it, also what left its process group or was started by a daemon that is no more.
/// </summary>
public static class MarkedProcesses
{
    /// <summary>Process ids, this process never among them.</summary>
    public static IReadOnlyList<int> Find(string marker) =>
        (OperatingSystem.IsLinux() ? FindInProc(marker) : FindWithPs(marker)).Where(pid => pid != Environment.ProcessId).ToList();

    /// <summary>Kills all that carry the marker, and those that they start meanwhile. Returns how many were killed.</summary>
    public static async Task<int> KillAsync(string marker)
    {
        var killed = new HashSet<int>();
        // A process may fork between look and kill; each round finds fewer. A killed one shows until it is reaped.
        for (var round = 0; round < 50; round++)
        {
            var alive = Find(marker);
            if (alive.Count == 0) break;
            foreach (var pid in alive)
            {
                if (Libc.Signal(pid, Libc.SigKill)) killed.Add(pid);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }

        return killed.Count;
    }

    internal static bool Carries(ReadOnlySpan<byte> environment, string marker)
    {
        var wanted = Encoding.UTF8.GetBytes($"{ChildEnvironment.Marker}={marker}");
        while (environment.Length > 0)
        {
            var end = environment.IndexOf((byte)0);
            var entry = end < 0 ? environment : environment[..end];
            if (entry.StartsWith(wanted) && (entry.Length == wanted.Length || entry[wanted.Length] == (byte)'/')) return true;
            if (end < 0) break;
            environment = environment[(end + 1)..];
        }

        return false;
    }

    private static IEnumerable<int> FindInProc(string marker)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var pid) && Carries(ReadEnvironment(folder), marker)) yield return pid;
        }
    }

    private static byte[] ReadEnvironment(string folder)
    {
        try
        {
            return File.ReadAllBytes(Path.Combine(folder, "environ"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked, or is another user's: not ours in either case.
            return [];
        }
    }

    private static List<int> FindWithPs(string marker)
    {
        var start = new ProcessStartInfo("/bin/ps", ["-A", "-E", "-ww", "-o", "pid=,command="]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var ps = Process.Start(start)!;
        var found = new List<int>();
        while (ps.StandardOutput.ReadLine() is { } line)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var carries = words.Skip(1).Any(word => Carries(Encoding.UTF8.GetBytes(word), marker));
            if (carries && int.TryParse(words[0], out var pid)) found.Add(pid);
        }

        ps.WaitForExit();
        return found;
    }
}
