using Muster.Runner.Git;

namespace Muster.Runner.Workspaces;

/// <summary>Everything in a worktree that is not ignored, as git objects, without touching its branch or index.</summary>
/// <param name="Head">HEAD at the time.</param>
/// <param name="Tree">Tree of all files.</param>
/// <param name="Clean">Whether that is HEAD's own tree.</param>
/// <param name="Complete">False when something could not be taken in: an unreadable file, or a repository inside the worktree.</param>
internal sealed record Snapshot(string Head, string Tree, bool Clean, bool Complete)
{
    /// <param name="worktree">Where.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="GitException">The files changed under our hands, or the disk is full.</exception>
    public static async Task<Snapshot> TakeAsync(Worktree worktree, CancellationToken cancellation)
    {
        var index = Path.Combine(worktree.GitFolder, $"muster-index-{Guid.CreateVersion7():n}");
        try
        {
            // The real index knows which files are unchanged; starting from a copy saves reading them all again.
            var real = Path.Combine(worktree.GitFolder, "index");
            if (File.Exists(real)) File.Copy(real, index);
            var options = new GitOptions { Environment = [new("GIT_INDEX_FILE", index)], Timeout = TimeSpan.FromMinutes(5) };
            var head = await worktree.HeadAsync(cancellation);
            var complete = await StageAllAsync(worktree, options, cancellation);
            var tree = await worktree.RunAsync(["write-tree"], cancellation, options);
            var headTree = await worktree.RunAsync(["rev-parse", "--verify", head + "^{tree}"], cancellation);
            return new Snapshot(head, tree, tree == headTree, complete);
        }
        finally
        {
            File.Delete(index);
            File.Delete(index + ".lock");
        }
    }

    /// <summary>Stages all but ignored files. False when something had to be left out.</summary>
    internal static async Task<bool> StageAllAsync(Worktree worktree, GitOptions? options, CancellationToken cancellation)
    {
        var added = await worktree.TryAsync(["add", "--all", "--ignore-errors"], cancellation, options);
        if (added.ExitCode is not (0 or 1)) throw GitException.From(["add"], added);
        var nested = await NewRepositoriesInsideAsync(worktree, options, cancellation);
        // Git would record such a folder as a bare commit id that nobody else can fetch.
        if (nested.Count > 0) await worktree.RunAsync(["rm", "--cached", "--force", "--quiet", "--", .. nested], cancellation, options);
        return added.Ok && nested.Count == 0;
    }

    private static async Task<List<string>> NewRepositoriesInsideAsync(Worktree worktree, GitOptions? options, CancellationToken cancellation)
    {
        var changed = await worktree.RunAsync(["diff-index", "--cached", "--diff-filter=A", "HEAD"], cancellation, options);
        return changed.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.StartsWith(":000000 160000", StringComparison.Ordinal))
            .Select(line => ":(literal)" + line[(line.IndexOf('\t', StringComparison.Ordinal) + 1)..])
            .ToList();
    }
}
