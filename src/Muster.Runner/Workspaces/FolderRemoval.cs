namespace Muster.Runner.Workspaces;

internal static class FolderRemoval
{
    /// <summary>Deletes a folder with all in it; links are removed, never followed.</summary>
    public static void Delete(string path)
    {
        if (!Directory.Exists(path)) return;
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (UnauthorizedAccessException)
        {
            // Package caches (Go's among them) make their folders read-only.
            MakeWritable(path);
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>Deletes what can be deleted. False when something is left.</summary>
    public static bool TryDelete(string path)
    {
        try
        {
            Delete(path);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void MakeWritable(string root)
    {
        if (OperatingSystem.IsWindows()) return;
        const UnixFileMode OwnerAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        var open = new Stack<string>([root]);
        while (open.TryPop(out var folder))
        {
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | OwnerAll);
            foreach (var child in new DirectoryInfo(folder).EnumerateDirectories())
            {
                if (child.LinkTarget is null) open.Push(child.FullName);
            }
        }
    }
}
