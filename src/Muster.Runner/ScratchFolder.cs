namespace Muster.Runner;

/// <summary>
/// A short-lived folder for one run, outside its worktree, and its <c>TMPDIR</c>: compile servers listen there, so two runs
/// never share one that is killed with the other. Short, because a socket's path has at most 104 characters.
/// </summary>
public sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mst-").FullName;

    public void Dispose() => Workspaces.FolderRemoval.Delete(Path);
}
