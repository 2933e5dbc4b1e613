using Muster.ControlPlane.Delivery.Epics;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Queue;

/// <summary>Takes an entry out of the line because a person says so; it comes back when approved anew.</summary>
public sealed class RemoveFromQueue(Store store, IRepositories repositories)
{
    public async Task RunAsync(string id, Principal principal, CancellationToken ct)
    {
        if (await store.WriteAsync(tx => EpicMergeRow.Find(tx, id.ToLowerInvariant()), ct) is { } epic)
            throw Refusal.WrongState($"{epic.Branch} is merged because every task of epic {epic.Number} is done. Add a task to the epic and it waits for that.");
        var entry = await store.WriteAsync(tx => Find(tx, id), ct);
        // A merge that is done already cannot be taken back here, even when the plane was killed before it wrote so.
        if (entry.CandidateSha is { } candidate && repositories.Open(entry.ProjectId) is { } repository
            && await repository.ResolveAsync(BranchNames.Heads + entry.Target, ct) is { } tip && await repository.IsAncestorAsync(candidate, tip, ct))
            throw Refusal.WrongState("It is merged already.");
        await store.WriteAsync(tx => QueueHold.Run(tx, PullQueries.Get(tx, Find(tx, entry.Id).PullId), $"{principal.Name} took it out"), ct);
    }

    private static QueueRow Find(StoreTransaction tx, string id) =>
        tx.QueryFirst<QueueRow>(QueueRow.Select + " WHERE q.id = @id", new { id = id.ToLowerInvariant() }) ?? throw Refusal.NotFound("merge queue entry", id);
}
