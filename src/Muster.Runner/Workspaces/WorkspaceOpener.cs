using Muster.Contracts.Work;
using Muster.Runner.Git;
using Muster.Runner.Processes;

namespace Muster.Runner.Workspaces;

/// <summary>Makes the worktree of an attempt at the right start point.</summary>
public static class WorkspaceOpener
{
    /// <exception cref="GitException">The plane's repository cannot be reached, or refused the lease.</exception>
    public static async Task<Workspace> OpenAsync(HostFolders folders, WorkspaceRequest request, CancellationToken cancellation)
    {
        var cache = await RepositoryCache.OpenAsync(folders, request.ProjectId, cancellation);
        await cache.FetchAsync(request.Remote, request.Git.TargetBranch, [request.Git.TargetSha], cancellation);
        var earlier = await FetchEarlierAsync(cache, request, cancellation);
        var wanted = Wanted(request);
        var goOn = wanted is not null && earlier.Contains(wanted);

        var path = FreePath(folders, request.Name);
        var held = FileLock.TryTake(WorkspaceRecord.LockFor(path)) ?? throw new WorkspaceException($"Another process works in {path}.");
        try
        {
            // First without its git folder: what a crash leaves here before anything ran is known to be empty of work.
            var record = new WorkspaceRecord
            {
                ProjectId = request.ProjectId,
                TaskKey = request.TaskKey,
                Epoch = request.Epoch,
                Agent = request.Agent,
                GitFolder = "",
                CreatedAt = DateTimeOffset.UtcNow,
                Target = request.Git.TargetSha,
                OnPlane = [.. earlier, request.Git.TargetSha],
            };
            record.Write(path);
            var worktree = await cache.AddWorktreeAsync(path, goOn ? wanted! : request.Git.TargetSha, cancellation);
            record = record with { GitFolder = worktree.GitFolder };
            record.Write(path);
            await cache.TakeBranchAsync(request.Git.Branch, await worktree.HeadAsync(cancellation), worktree, cancellation);
            var merged = goOn && await MergeTargetAsync(worktree, request, cancellation);
            var start = merged ? (wanted == request.Previous!.HeadSha ? StartPoint.PreviousHead : StartPoint.SavedWork) : wanted is not null ? StartPoint.TargetInstead : StartPoint.Target;
            return new Workspace(folders, cache, worktree, request, record, held, start);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    // What does not merge with the target is no ground to build on; neither is what a person took the task back for.
    private static string? Wanted(WorkspaceRequest request) => request.Previous switch
    {
        { Continue: true, HeadSha: { } head } => head,
        { HeadSha: null, WipSha: { } wip, Outcome: not ("conflict" or AssignmentState.Revoked) } when request.FromSavedWork => wip,
        _ => null,
    };

    // What earlier attempts left helps but is not needed: a plane that has lost it must not stop the task.
    private static async Task<HashSet<string>> FetchEarlierAsync(RepositoryCache cache, WorkspaceRequest request, CancellationToken cancellation)
    {
        var here = new HashSet<string>(StringComparer.Ordinal);
        foreach (var commit in new[] { request.Previous?.HeadSha, request.Previous?.WipSha }.Where(CommitId.IsOne))
        {
            try
            {
                await cache.FetchAsync(request.Remote, targetBranch: null, [commit!], cancellation);
                here.Add(commit!);
            }
            catch (GitException error) when (error.Failure is GitFailure.NotFound or GitFailure.Other)
            {
                // Left out of the set, which is what the caller goes by.
            }
        }

        return here;
    }

    private static async Task<bool> MergeTargetAsync(Worktree worktree, WorkspaceRequest request, CancellationToken cancellation)
    {
        var target = CommitId.Require(request.Git.TargetSha);
        var message = $"Merge {request.Git.TargetBranch} into {request.Git.Branch}\n\n{request.Trailers}";
        var options = new GitOptions { Environment = request.Identity() };
        var merge = await worktree.TryAsync(["merge", "--quiet", "--no-verify", "-m", message, target], cancellation, options);
        if (merge.Ok) return true;
        await worktree.RunAsync(["reset", "--quiet", "--hard", target], cancellation);
        await worktree.RunAsync(["clean", "--quiet", "-d", "--force"], cancellation);
        return false;
    }

    // A store that was restored counts epochs again: an older folder of the same name is somebody's work.
    private static string FreePath(HostFolders folders, string name)
    {
        Directory.CreateDirectory(folders.Work);
        var path = Path.Combine(folders.Work, name);
        for (var copy = 2; Directory.Exists(path); copy++) path = Path.Combine(folders.Work, $"{name}.{copy}");
        return path;
    }
}
