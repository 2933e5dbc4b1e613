using Dapper;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery;

/// <summary>Before the first request: reads where the targets stand, clears what a killed plane left in the mirrors.</summary>
internal sealed class DeliveryStart(Store store, IRepositories repositories, Targets targets, ILogger<DeliveryStart> logger) : IHostedLifecycleService
{
    /// <summary>A lock is held for as long as a commit of the store takes.</summary>
    private static readonly TimeSpan OldLock = TimeSpan.FromMinutes(10);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var projects = (await store.ReadAsync(c => c.QueryAsync<string>("SELECT id FROM projects WHERE repository IS NOT NULL"), cancellationToken)).AsList();
        var alone = await Planes.IsAloneAsync(store, cancellationToken);
        foreach (var project in projects) repositories.Open(project)?.ClearLocks(alone ? TimeSpan.Zero : OldLock);
        if (await repositories.CheckAsync(cancellationToken) is { } problem)
        {
            logger.LogWarning("Projects with a repository cannot be worked on: {Problem}", problem);
            return;
        }

        await targets.LoadAsync(cancellationToken);
        var queued = (await store.ReadAsync(c => c.QueryAsync<string>("SELECT id FROM merge_queue UNION ALL SELECT epic_id FROM epic_merges WHERE position IS NOT NULL"), cancellationToken)).Select(BranchNames.QueueRef).ToHashSet(StringComparer.Ordinal);
        // What is under way at another plane looks like what a killed one left.
        if (!alone) return;
        foreach (var project in projects)
            if (repositories.Open(project) is { } repository) await ClearAsync(repository, queued, cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Pushes that were cut off, and candidates whose entry is gone.</summary>
    private static async Task ClearAsync(IRepository repository, HashSet<string> queued, CancellationToken ct)
    {
        var refs = await repository.RefsAsync("refs/namespaces/", ct);
        var candidates = await repository.RefsAsync(BranchNames.QueueRef(""), ct);
        RefChange[] gone = [.. refs.Concat(candidates.Where(c => !queued.Contains(c))).Select(r => new RefChange(r, null))];
        if (gone.Length == 0) return;
        await using var move = await repository.PrepareAsync(gone, ct);
        move.Commit();
    }
}
