namespace Muster.Runner.Processes;

/// <summary>Finds a program as a shell would, so that a missing one is said plainly before anything is started.</summary>
public static class ProgramPath
{
    public static string Resolve(string program, string workingDirectory, IReadOnlyDictionary<string, string> environment)
    {
        if (program.Contains('/', StringComparison.Ordinal))
        {
            var full = Path.GetFullPath(program, workingDirectory);
            return IsExecutable(full)
                ? full
                : throw new ProgramNotFoundException(program, $"Program '{program}' is not there or not executable. Check the path, or run chmod +x on it.");
        }

        var path = environment.GetValueOrDefault("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, program)).FirstOrDefault(IsExecutable)
            ?? throw new ProgramNotFoundException(program, $"Program '{program}' is not in PATH. Install it, or give its full path.");
    }

    private static bool IsExecutable(string path)
    {
        if (!File.Exists(path)) return false;
        if (OperatingSystem.IsWindows()) return true;
        return (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None;
    }
}
