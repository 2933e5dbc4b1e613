using System.Collections.Concurrent;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Origins;

/// <summary>
/// Keeps a mirror and the person's own repository together: takes in what the person committed there, gives back what
/// was merged here. Never by force, and what cannot be done is said once and holds nothing up.
/// </summary>
public sealed class OriginSync(Store store, IRepositories repositories, Targets targets, TimeProvider time)
{
    /// <summary>A repository on another machine is asked at most this often before a merge.</summary>
    private static readonly TimeSpan RemoteInterval = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, State> _states = new(StringComparer.Ordinal);

    /// <summary>Makes the mirror of a new project. Refuses with a sentence that says what to do.</summary>
    public async Task<MirrorMade> CreateAsync(string projectId, string repository, string? targetBranch, CancellationToken ct)
    {
        if (await repositories.CheckAsync(ct) is { } problem) throw new Refusal(503, ProblemCodes.Unavailable, problem);
        try
        {
            var made = await repositories.CreateAsync(projectId, repository, targetBranch, ct);
            targets.Set(projectId, made.TargetSha);
            return made;
        }
        catch
        {
            // Half a mirror is none.
            repositories.Delete(projectId);
            throw;
        }
    }

    /// <summary>Forgets a project and deletes its mirror.</summary>
    public void Delete(string projectId)
    {
        targets.Forget(projectId);
        _states.TryRemove(projectId, out _);
        repositories.Delete(projectId);
    }

    /// <summary>Both ways, because somebody asked: makes the mirror when it is missing, and refuses where it fails.</summary>
    public async Task<string> SyncAsync(ProjectRow project, CancellationToken ct)
    {
        if (project.Repository is null) throw Refusal.WrongState($"The project {project.Key} has no repository.");
        if (repositories.Open(project.Id) is null) await CreateAsync(project.Id, project.Repository, project.TargetBranch, ct);
        var state = StateOf(project);
        await state.Turn.WaitAsync(ct);
        try
        {
            state.Said = null;
            await FetchAsync(project, state, ct);
            if (project.PushBack) await PushAsync(project, state, ct);
        }
        finally
        {
            state.Turn.Release();
        }

        return targets.Sha(project.Id) ?? throw Refusal.WrongState($"The branch {project.TargetBranch} is not in the mirror of {project.Key}.");
    }

    /// <summary>Before a merge: takes in what is new at the person's repository. A failure is said and not passed on.</summary>
    internal async Task BringInAsync(ProjectRow project, CancellationToken ct)
    {
        if (project.Repository is null) return;
        var state = StateOf(project);
        var local = Path.IsPathFullyQualified(project.Repository);
        if (!local && state.Fetched is { } fetched && time.GetElapsedTime(fetched) < RemoteInterval) return;
        await state.Turn.WaitAsync(ct);
        try
        {
            await FetchAsync(project, state, ct);
        }
        catch (Exception error) when (error is Refusal or GitFailedException)
        {
            await SayAsync(project, state, $"{project.Key}: {error.Message}", ct);
        }
        finally
        {
            state.Turn.Release();
        }
    }

    /// <summary>After a merge: gives the target back to the person's repository.</summary>
    /// <returns>Whether the person's repository has it now.</returns>
    internal async Task<bool> GiveBackAsync(ProjectRow project, CancellationToken ct)
    {
        if (project.Repository is null || !project.PushBack) return true;
        var state = StateOf(project);
        await state.Turn.WaitAsync(ct);
        try
        {
            return await PushAsync(project, state, ct);
        }
        catch (Exception error) when (error is Refusal or GitFailedException)
        {
            await SayAsync(project, state, $"{project.Key}: {error.Message}", ct);
            return false;
        }
        finally
        {
            state.Turn.Release();
        }
    }

    private State StateOf(ProjectRow project) => _states.GetOrAdd(project.Id, _ => new State());

    private async Task FetchAsync(ProjectRow project, State state, CancellationToken ct)
    {
        if (repositories.Open(project.Id) is not { } repository) return;
        var origin = await repository.FetchOriginAsync(project.Repository!, project.TargetBranch, ct);
        state.Fetched = time.GetTimestamp();
        var reference = BranchNames.Heads + project.TargetBranch;
        var here = await repository.ResolveAsync(reference, ct);
        if (here is not null && await repository.IsAncestorAsync(origin, here, ct)) return;

        var next = origin;
        if (here is not null && !await repository.IsAncestorAsync(here, origin, ct))
        {
            var merge = await repository.MergeAsync(here, origin, $"Merge {project.TargetBranch} of the project's own repository\n", new Signature("Muster", "muster@muster.invalid"), ct);
            if (merge.Commit is null)
            {
                await SayAsync(project, state,
                    $"{project.Key}: commits in {project.Repository} do not merge with what Muster merged: {merge.Reason}. "
                    + $"Muster goes on with its own; to join the two, merge there by hand and run: muster project sync {project.Key}", ct);
                return;
            }

            next = merge.Commit;
        }

        try
        {
            await using var move = await repository.PrepareAsync([new RefChange(reference, next, here)], ct);
            await store.WriteAsync(tx =>
            {
                tx.Emit(EventTypes.ProjectSynced, $"{project.Key}: {project.TargetBranch} took in {GitText.Brief(origin)} from its own repository", project.Id, data: new { sha = next, origin });
                tx.Notify(new TargetMoved(project.Id, next));
                move.Commit();
            }, ct);
            targets.Set(project.Id, next);
        }
        catch (RefMovedException)
        {
            // The target moved meanwhile; whoever moved it, or the next look, takes this in.
        }
    }

    private async Task<bool> PushAsync(ProjectRow project, State state, CancellationToken ct)
    {
        if (repositories.Open(project.Id) is not { } repository || await targets.RefreshAsync(project, ct) is not { } sha) return true;
        var reason = await repository.PushOriginAsync(project.Repository!, sha, project.TargetBranch, ct);
        if (IsBehind(reason))
        {
            await FetchAsync(project, state, ct);
            sha = await targets.RefreshAsync(project, ct) ?? sha;
            reason = await repository.PushOriginAsync(project.Repository!, sha, project.TargetBranch, ct);
        }

        if (reason is null)
        {
            state.Said = null;
            return true;
        }

        await SayAsync(project, state, $"{project.Key}: {project.Repository} did not take {project.TargetBranch} at {GitText.Brief(sha)}: {reason}. {Advice(reason, project)}", ct);
        return false;
    }

    private static bool IsBehind(string? reason) =>
        reason is not null && (reason.Contains("fetch first", StringComparison.Ordinal) || reason.Contains("non-fast-forward", StringComparison.Ordinal));

    private static string Advice(string reason, ProjectRow project) => reason switch
    {
        _ when reason.Contains("unstaged changes", StringComparison.Ordinal) || reason.Contains("uncommitted", StringComparison.Ordinal)
            || reason.Contains("not clean", StringComparison.Ordinal) || reason.Contains("untracked", StringComparison.Ordinal)
            => $"Commit or stash your changes there; Muster tries again by itself, or at once with: muster project sync {project.Key}",
        _ when reason.Contains("protected", StringComparison.Ordinal) => "Allow Muster's user to push there, or switch pushing back off for the project.",
        _ => $"When that is mended, run: muster project sync {project.Key}",
    };

    /// <summary>Says what went wrong, once until it changes.</summary>
    private async Task SayAsync(ProjectRow project, State state, string text, CancellationToken ct)
    {
        var shown = RepositoryAddress.Shown(project.Repository!);
        text = text.Replace(project.Repository!, shown, StringComparison.Ordinal);
        if (state.Said == text) return;
        state.Said = text;
        await store.WriteAsync(tx => tx.Emit(EventTypes.ProjectDiverged, text, project.Id, data: new { repository = shown, target = project.TargetBranch }), ct);
    }

    private sealed class State
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);
        public long? Fetched { get; set; }
        public string? Said { get; set; }
    }
}
