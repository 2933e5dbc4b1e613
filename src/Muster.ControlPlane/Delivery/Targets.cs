using System.Collections.Concurrent;
using Dapper;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery;

/// <summary>A branch that work starts from and is merged into, and where it stands.</summary>
public sealed record BaseBranch(string Branch, string Sha);

/// <summary>Where each project's target branch and the branches of its epics stand, kept in memory because every claim asks.</summary>
public sealed class Targets(Store store, IRepositories repositories)
{
    private readonly ConcurrentDictionary<string, string> _shas = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _epics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Project, string Branch), string> _branches = new();

    public string? Sha(string projectId) => _shas.GetValueOrDefault(projectId);

    public async Task LoadAsync(CancellationToken ct)
    {
        var projects = await store.ReadAsync(c => c.QueryAsync<ProjectRow>(ProjectRow.Select + " WHERE repository IS NOT NULL"), ct);
        foreach (var project in projects) await RefreshAsync(project, ct);
        foreach (var (epic, project, branch) in await store.ReadAsync(c => c.QueryAsync<(string, string, string)>("SELECT epic_id, project_id, branch FROM epic_merges"), ct))
            if (repositories.Open(project) is { } repository && await repository.ResolveAsync(BranchNames.Heads + branch, ct) is { } sha) SetEpic(project, epic, branch, sha);
    }

    /// <summary>What a task starts from and is merged into: its epic's branch where the project wants that, else the target.</summary>
    public BaseBranch? Base(ProjectRow project, string? epicId)
    {
        // An epic without a branch has nothing in it yet, so that the target is as good a start.
        if (project.EpicBranches && epicId is not null && _epics.TryGetValue(epicId, out var branch) && _branches.TryGetValue((project.Id, branch), out var head))
            return new BaseBranch(branch, head);
        return Sha(project.Id) is { } sha ? new BaseBranch(project.TargetBranch, sha) : null;
    }

    /// <summary>Reads the target from the mirror; null when there is no mirror or no such branch.</summary>
    public async Task<string?> RefreshAsync(ProjectRow project, CancellationToken ct)
    {
        if (repositories.Open(project.Id) is not { } repository) return null;
        var sha = await repository.ResolveAsync(BranchNames.Heads + project.TargetBranch, ct);
        if (sha is not null) Set(project.Id, sha);
        return sha;
    }

    public void Set(string projectId, string sha) => _shas[projectId] = sha;

    public void SetEpic(string projectId, string epicId, string branch, string sha)
    {
        _branches[(projectId, branch)] = sha;
        _epics[epicId] = branch;
    }

    /// <summary>After a merge: the target, or the branch of an epic, points at <paramref name="sha"/> now.</summary>
    public void Move(ProjectRow project, string branch, string sha)
    {
        if (branch == project.TargetBranch) Set(project.Id, sha);
        else _branches[(project.Id, branch)] = sha;
    }

    public void Forget(string projectId)
    {
        _shas.TryRemove(projectId, out _);
        foreach (var key in _branches.Keys.Where(k => k.Project == projectId)) _branches.TryRemove(key, out _);
    }
}
