namespace Muster.Runner.Executors;

/// <summary>Keeps paths from a file inside a folder: no way out by name or by link, and not into git's own files.</summary>
internal static class InsidePath
{
    /// <exception cref="RecordingException">The path leads elsewhere.</exception>
    public static string Resolve(string root, string path, int line)
    {
        var parts = path.Split('/', '\\');
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) || Path.IsPathRooted(path) || parts.Any(part => part is "" or "." or ".."))
            throw Refuse(line, path, "it must be a plain path relative to the worktree, without '..'");
        if (parts.Any(part => part.TrimEnd('.', ' ').Equals(".git", StringComparison.OrdinalIgnoreCase)))
            throw Refuse(line, path, "git's own files are out of bounds");

        var full = root;
        foreach (var part in parts)
        {
            full = Path.Combine(full, part);
            // Of the link itself, not of what it points at; a dangling one counts as well.
            if (new FileInfo(full).LinkTarget is not null) throw Refuse(line, path, $"'{Path.GetRelativePath(root, full)}' is a symbolic link");
        }

        return full;
    }

    private static RecordingException Refuse(int line, string path, string why) => new($"line {line}: path '{path}' is refused: {why}.");
}
