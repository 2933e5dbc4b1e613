using System.Collections.Concurrent;
using System.Threading.Channels;
using Dapper;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery;

/// <summary>A branch that work starts from and is merged into, and where it stands.</summary>
public sealed record BaseBranch(string Branch, string Sha);

/// <summary>Where each project's target branch and the branches of its epics stand, kept in memory because every claim asks.</summary>
public sealed class Targets
{
    // Each is written in the transaction that moved a branch, and each plane reads them all.
    private static readonly string[] Moves =
        [EventTypes.ProjectCreated, EventTypes.ProjectSynced, EventTypes.PullMerged, EventTypes.EpicBranched, EventTypes.EpicSynced, EventTypes.EpicMerged];

    private readonly Store _store;
    private readonly IRepositories _repositories;
    private readonly Channel<string> _moved = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<string, string> _shas = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _epics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Project, string Branch), string> _branches = new();

    public Targets(Store store, IRepositories repositories)
    {
        (_store, _repositories) = (store, repositories);
        if (!store.IsShared) return;
        store.Listen(committed =>
        {
            foreach (var project in committed.Events.Where(e => e.ProjectId is not null && Moves.Contains(e.Type)).Select(e => e.ProjectId!).Distinct(StringComparer.Ordinal))
                _moved.Writer.TryWrite(project);
        });
    }

    public string? Sha(string projectId) => _shas.GetValueOrDefault(projectId);

    public async Task LoadAsync(CancellationToken ct)
    {
        var projects = await _store.ReadAsync(c => c.QueryAsync<ProjectRow>(ProjectRow.Select + " WHERE repository IS NOT NULL"), ct);
        foreach (var project in projects) await LoadAsync(project, ct);
    }

    /// <summary>Takes in what any of the planes that share the store has moved, one after the other.</summary>
    internal async Task FollowAsync(CancellationToken ct)
    {
        var moved = await _moved.Reader.ReadAsync(ct);
        var project = await _store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ProjectRow?>(ProjectRow.Select + " WHERE id = @moved AND repository IS NOT NULL", new { moved }), ct);
        if (project is not null) await LoadAsync(project, ct);
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
        if (_repositories.Open(project.Id) is not { } repository) return null;
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

    private async Task LoadAsync(ProjectRow project, CancellationToken ct)
    {
        await RefreshAsync(project, ct);
        var epics = await _store.ReadAsync(c => c.QueryAsync<(string Epic, string Branch)>("SELECT epic_id, branch FROM epic_merges WHERE project_id = @Id", new { project.Id }), ct);
        foreach (var (epic, branch) in epics)
            if (_repositories.Open(project.Id) is { } repository && await repository.ResolveAsync(BranchNames.Heads + branch, ct) is { } sha) SetEpic(project.Id, epic, branch, sha);
    }
}
