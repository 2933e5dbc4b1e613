using Muster.Runner.Git;

namespace Muster.Runner.Workspaces;

/// <summary>
/// A worktree and git in it. The repository is named to git outright: were the <c>.git</c> file removed or replaced by
/// what ran there, git would otherwise look for another repository, in the folders above too.
/// </summary>
public sealed class Worktree(string path, string gitFolder, string? marker)
{
    /// <summary>
    /// For commands that look at files: what changed inside a repository in the worktree is found out by running git there,
    /// with that repository's configuration and its programs.
    /// </summary>
    internal const string NotInside = "--ignore-submodules=dirty";

    public string Path { get; } = path;

    /// <summary>This worktree's own part of the repository (index, HEAD).</summary>
    public string GitFolder { get; } = gitFolder;

    internal Task<string> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation, GitOptions? options = null) =>
        GitProgram.RunAsync(Path, arguments, Here(options), cancellation);

    internal Task<GitResult> TryAsync(IReadOnlyList<string> arguments, CancellationToken cancellation, GitOptions? options = null) =>
        GitProgram.TryAsync(Path, arguments, Here(options), cancellation);

    public Task<string> HeadAsync(CancellationToken cancellation) => RunAsync(["rev-parse", "--verify", "HEAD^{commit}"], cancellation);

    /// <summary>Paths that differ from HEAD, new ones among them, ignored ones not.</summary>
    public async Task<IReadOnlyList<string>> ChangesAsync(CancellationToken cancellation)
    {
        var status = await RunAsync(["status", "--porcelain", "--untracked-files=all", NotInside], cancellation);
        return status.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Whether a folder of that name, as git writes it, is there.</summary>
    internal bool Holds(string path) => IsQuoted(path) || Directory.Exists(System.IO.Path.Combine(Path, path));

    internal bool HoldsFiles(string path) =>
        IsQuoted(path) || (new DirectoryInfo(System.IO.Path.Combine(Path, path)) is { Exists: true, LinkTarget: null } folder && folder.EnumerateFileSystemInfos().Any());

    // A name with a line end or quote in it: git tells it escaped. Nobody has one for a repository in earnest; in doubt it is there.
    private static bool IsQuoted(string path) => path.StartsWith('"');

    private GitOptions Here(GitOptions? options)
    {
        options ??= new GitOptions();
        return options with
        {
            Marker = marker,
            Environment = [.. options.Environment, new("GIT_DIR", GitFolder), new("GIT_WORK_TREE", Path)],
        };
    }
}
