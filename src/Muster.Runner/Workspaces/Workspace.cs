using Muster.Runner.Git;
using Muster.Runner.Processes;

namespace Muster.Runner.Workspaces;

/// <summary>Where an attempt started from.</summary>
public enum StartPoint
{
    /// <summary>The newest target.</summary>
    Target,

    /// <summary>The head handed in before, with the newest target merged in.</summary>
    PreviousHead,

    /// <summary>The half-done work that the attempt before has saved, with the newest target merged in.</summary>
    SavedWork,

    /// <summary>The target, because what there was before conflicts with it or could not be fetched.</summary>
    TargetInstead,
}

/// <summary>
/// The folder of one attempt: saves half-done work, commits what is left, pushes, and is removed only when all of it is
/// safe on the plane. One caller at a time, but for <see cref="SaveAsync"/>, which may run beside the agent's program.
/// </summary>
public sealed class Workspace : IDisposable
{
    private const int CommitsRemembered = 200;

    private readonly HostFolders _folders;
    private readonly RepositoryCache _cache;
    private readonly WorkspaceRequest _request;
    private readonly IDisposable _held;
    private readonly SemaphoreSlim _saving = new(1, 1);
    private WorkspaceRecord _record;
    private (string Head, string Tree)? _saved;

    internal Workspace(HostFolders folders, RepositoryCache cache, Worktree worktree, WorkspaceRequest request, WorkspaceRecord record, IDisposable held, StartPoint start)
    {
        _folders = folders;
        _cache = cache;
        _request = request;
        _record = record;
        _held = held;
        Worktree = worktree;
        Start = start;
    }

    public Worktree Worktree { get; }
    public string Path => Worktree.Path;
    public StartPoint Start { get; }

    /// <summary>Commits what the agent left uncommitted. Returns whether there was anything.</summary>
    /// <exception cref="WorkspaceException">A merge was left unfinished.</exception>
    public async Task<bool> CommitAsync(string message, CancellationToken cancellation)
    {
        var conflicts = await Worktree.RunAsync(["diff", "--name-only", "--diff-filter=U", Worktree.NotInside], cancellation);
        if (conflicts.Length > 0) throw new WorkspaceException($"A merge was left with conflicts in {conflicts.Replace("\n", ", ", StringComparison.Ordinal)}.");
        await Snapshot.StageAllAsync(Worktree, new GitOptions { Timeout = TimeSpan.FromMinutes(5) }, cancellation);
        if ((await Worktree.TryAsync(["diff", "--cached", "--quiet"], cancellation)).Ok) return false;
        var options = new GitOptions { StdinText = $"{message.Trim()}\n\n{_request.Trailers}\n", Environment = _request.Identity() };
        await Worktree.RunAsync(["commit", "--quiet", "--no-verify", "--cleanup=whitespace", "--file=-"], cancellation, options);
        return true;
    }

    /// <summary>Saves half-done work at the attempt's ref on the plane. Returns the commit there; null when there was nothing new.</summary>
    /// <exception cref="GitException">It could not be saved; the work is untouched.</exception>
    public async Task<string?> SaveAsync(CancellationToken cancellation)
    {
        await _saving.WaitAsync(cancellation);
        try
        {
            var now = await Snapshot.TakeAsync(Worktree, cancellation);
            if (_saved == (now.Head, now.Tree) || (now.Clean && _record.OnPlane.Contains(now.Head, StringComparer.Ordinal))) return null;
            var commit = now.Head;
            if (!now.Clean)
            {
                var options = new GitOptions { StdinText = $"Work in progress on {_request.TaskKey}\n\n{_request.Trailers}\n", Environment = _request.Identity() };
                commit = await Worktree.RunAsync(["commit-tree", now.Tree, "-p", now.Head, "-F", "-"], cancellation, options);
            }

            await PushAsync(commit, _request.Git.WipRef, cancellation);
            _saved = (now.Head, now.Tree);
            return commit;
        }
        finally
        {
            _saving.Release();
        }
    }

    /// <summary>Pushes HEAD, whatever branch the agent is on, to the one branch of this assignment. Returns the commit.</summary>
    /// <exception cref="GitException">The push was not acknowledged.</exception>
    public async Task<string> PushBranchAsync(CancellationToken cancellation)
    {
        var head = await Worktree.HeadAsync(cancellation);
        await PushAsync(head, "refs/heads/" + _request.Git.Branch, cancellation);
        return head;
    }

    /// <summary>Whether HEAD holds anything that the target did not.</summary>
    public async Task<bool> HasWorkAsync(CancellationToken cancellation) =>
        (await Worktree.RunAsync(["diff", "--name-only", _request.Git.TargetSha, "HEAD"], cancellation)).Length > 0;

    /// <summary>Removes the worktree if everything in it is on the plane; else leaves it and a note that says why.</summary>
    /// <returns>Null when it is gone; the reason when it was kept, or could not be removed.</returns>
    public async Task<string?> RemoveAsync(CancellationToken cancellation)
    {
        try
        {
            var reason = await WorkspaceSafety.WhyKeepAsync(Worktree, _record, cancellation);
            if (reason is null) await WorkspaceKeeper.DeleteAsync(_folders, _cache, Path, _record, cancellation);
            else WorkspaceKeeper.WriteNote(_folders, Path, _record, reason);
            return reason;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or GitException)
        {
            // Files of another user (a container's), a full disk: that it cannot be tidied up takes nothing from what was done.
            return WorkspaceKeeper.CannotRemove(error);
        }
    }

    public void Dispose()
    {
        _held.Dispose();
        _saving.Dispose();
    }

    private async Task PushAsync(string commit, string reference, CancellationToken cancellation)
    {
        // Forced: the branch and ref are this assignment's own, and an attempt may rewrite what an earlier one pushed.
        string[] arguments = ["push", "--quiet", "--force", "--no-verify", "--end-of-options", _request.Remote.Url, $"{commit}:{reference}"];
        await Worktree.RunAsync(arguments, cancellation, new GitOptions { Remote = _request.Remote, Timeout = TimeSpan.FromMinutes(5) });
        _record = _record with { OnPlane = [.. _record.OnPlane.TakeLast(CommitsRemembered), commit] };
        try
        {
            _record.Write(Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is on the plane, which is what counts; without this line a daemon that comes after us keeps a folder that it need not.
        }
    }
}

/// <summary>The workspace cannot go on. The message is fit for a task's reason.</summary>
public sealed class WorkspaceException(string message) : Exception(message);
