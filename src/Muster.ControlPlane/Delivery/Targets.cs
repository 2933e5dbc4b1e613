using System.Collections.Concurrent;
using Dapper;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery;

/// <summary>The commit that each project's target branch points at, kept in memory because every claim asks.</summary>
public sealed class Targets(Store store, IRepositories repositories)
{
    private readonly ConcurrentDictionary<string, string> _shas = new(StringComparer.Ordinal);

    public string? Sha(string projectId) => _shas.GetValueOrDefault(projectId);

    public async Task LoadAsync(CancellationToken ct)
    {
        var projects = await store.ReadAsync(c => c.QueryAsync<ProjectRow>(ProjectRow.Select + " WHERE repository IS NOT NULL"), ct);
        foreach (var project in projects) await RefreshAsync(project, ct);
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

    public void Forget(string projectId) => _shas.TryRemove(projectId, out _);
}
