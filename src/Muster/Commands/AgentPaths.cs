namespace Muster.Commands;

/// <summary>
/// An agent's program runs in a task's worktree, not where the person typed its name. Paths that begin with <c>./</c> or
/// <c>../</c> are therefore made absolute here; everything else is left as it is.
/// </summary>
internal static class AgentPaths
{
    public static IReadOnlyList<string> Absolute(IReadOnlyList<string> command, string folder, bool local, Action<string> note)
    {
        var words = command.Select((word, index) => IsHere(word) && (index == 0 || File.Exists(Path.Combine(folder, word))) ? Path.GetFullPath(word, folder) : word).ToList();
        if (local && words[0].Contains('/', StringComparison.Ordinal))
        {
            words[0] = Existing(words[0], folder, local);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(words[0]) & UnixFileMode.UserExecute) == UnixFileMode.None)
                throw new CommandException($"{words[0]} is not executable.", $"chmod +x {words[0]}, or name its interpreter: -- sh {words[0]}");
        }

        foreach (var word in words.Skip(1).Where(word => !Path.IsPathRooted(word) && File.Exists(Path.Combine(folder, word))))
            note($"note: '{word}' is looked for in each task's worktree; write './{word}' for the file that lies here");
        return words;
    }

    public static string Existing(string path, string folder, bool local)
    {
        var full = Path.GetFullPath(path, folder);
        if (local && !File.Exists(full)) throw new CommandException($"There is no file {full}.", "Name a file that the agent's host can read.");
        return full;
    }

    private static bool IsHere(string word) => word.StartsWith("./", StringComparison.Ordinal) || word.StartsWith("../", StringComparison.Ordinal);
}
