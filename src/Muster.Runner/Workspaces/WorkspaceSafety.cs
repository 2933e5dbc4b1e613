using Muster.Runner.Git;

namespace Muster.Runner.Workspaces;

/// <summary>Decides whether a worktree may be deleted. In doubt it may not.</summary>
internal static class WorkspaceSafety
{
    /// <returns>Null when all of it is on the plane, else the reason to keep it.</returns>
    public static async Task<string?> WhyKeepAsync(Worktree worktree, WorkspaceRecord record, CancellationToken cancellation)
    {
        try
        {
            var now = await Snapshot.TakeAsync(worktree, cancellation);
            if (!now.Complete) return "it holds files that git could not take in (a repository inside the worktree, or unreadable files)";
            var moved = record.Target is { } target ? await now.MovedRepositoriesAsync(worktree, target, cancellation) : [];
            if (moved.Count > 0) return $"the repository in {moved[0]} is at a commit of its own, which may be nowhere else";
            foreach (var commit in record.OnPlane.Reverse())
            {
                var holdsHead = (await worktree.TryAsync(["merge-base", "--is-ancestor", now.Head, commit], cancellation)).Ok;
                if (!holdsHead) continue;
                if (now.Clean) return null;
                var tree = await worktree.TryAsync(["rev-parse", "--verify", "--quiet", commit + "^{tree}"], cancellation);
                if (tree.Ok && tree.Text == now.Tree) return null;
            }

            return now.Clean ? $"commit {now.Head} is not on the plane" : "it holds changes that are not on the plane";
        }
        catch (GitException error)
        {
            return $"its state could not be read ({error.Message})";
        }
    }
}
