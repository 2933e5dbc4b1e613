using Muster.Runner.Git;

namespace Muster.Runner.Workspaces;

/// <summary>
/// A worktree and git in it. The repository is named to git outright: were the <c>.git</c> file removed or replaced by
/// what ran there, git would otherwise look for another repository, in the folders above too.
/// </summary>
public sealed class Worktree(string path, string gitFolder, string? marker)
{
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
        var status = await RunAsync(["status", "--porcelain", "--untracked-files=all"], cancellation);
        return status.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

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
