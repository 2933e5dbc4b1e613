using Muster.Runner.Workspaces;

namespace Muster.Runner;

/// <summary>
/// A short-lived folder for one run, outside its worktree, and its <c>TMPDIR</c>: compile servers listen there, so two runs
/// never share one that is killed with the other. Short, because a socket's path has at most 104 characters.
/// </summary>
public sealed class ScratchFolder(HostFolders folders) : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory(Prefix(folders)).FullName;

    /// <summary>Deletes what runs that were killed have left. Nothing of this host may be running.</summary>
    internal static void DeleteLeftovers(HostFolders folders)
    {
        foreach (var folder in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix(folders) + "*")) FolderRemoval.TryDelete(folder);
    }

    // What cannot be deleted (another user's file, made in a container) is no reason to fail the work that is done.
    public void Dispose() => FolderRemoval.TryDelete(Path);

    private static string Prefix(HostFolders folders) => $"mst-{folders.Fingerprint}-";
}
