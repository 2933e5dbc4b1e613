using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Muster.EndToEnd.Tests;

/// <summary>Finds processes that a stage has started, by the stage's folder in their environment, arguments or working folder.</summary>
internal static class Leftovers
{
    /// <summary>Waits a moment for what is ending; ends and answers what stays.</summary>
    public static async Task<IReadOnlyList<string>> GoneAsync(string folder)
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            var left = Find(folder);
            if (left.Count == 0) return [];
            if (patience.Elapsed > TimeSpan.FromSeconds(10))
            {
                foreach (var (pid, _) in left) Signals.Send(pid, Signals.Kill);
                return [.. left.Select(one => $"{one.Pid} {one.Command}")];
            }

            await Task.Delay(50);
        }
    }

    public static IReadOnlyList<(int Pid, string Command)> Find(string folder)
    {
        List<(int, string)> found = [];
        if (!Directory.Exists("/proc")) return found;
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Environment.ProcessId) continue;
            try
            {
                var command = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(process, "cmdline"))).Replace('\0', ' ');
                var environment = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(process, "environ")));
                var cwd = new DirectoryInfo(Path.Combine(process, "cwd")).LinkTarget ?? "";
                if (command.Length > 0 && (command + environment + cwd).Contains(folder, StringComparison.Ordinal)) found.Add((pid, command));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It ended while we looked, or is somebody else's.
            }
        }

        return found;
    }
}
