using Dapper;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Queue;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Epics;

/// <summary>Makes the branches of epics (<c>epic-3/payment-service</c>) and brings what is new in the target into them.</summary>
internal sealed class EpicBranches
{
    private readonly Store _store;
    private readonly IRepositories _repositories;
    private readonly Targets _targets;
    private readonly ILogger<EpicBranches> _logger;

    // Whether any project wants branches of epics, or an object without meaning when that must be looked up. Every claim asks.
    private object _wanted = new();

    public EpicBranches(Store store, IRepositories repositories, Targets targets, ILogger<EpicBranches> logger)
    {
        (_store, _repositories, _targets, _logger) = (store, repositories, targets, logger);
        store.Listen(committed =>
        {
            if (committed.Events.Any(e => e.Type is EventTypes.ProjectCreated or EventTypes.ProjectUpdated)) Volatile.Write(ref _wanted, new object());
        });
    }

    private SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>Makes the branch of every epic that has a ready task and no branch yet, at the newest target.</summary>
    public async Task EnsureAsync(CancellationToken ct)
    {
        if (!await WantedAsync(ct) || !(await MissingAsync(ct)).Any()) return;
        await Turn.WaitAsync(ct);
        try
        {
            foreach (var epic in await MissingAsync(ct))
            {
                try
                {
                    await CreateAsync(epic, ct);
                }
                catch (Exception error) when (error is RefMovedException or GitFailedException)
                {
                    // No claim waits for this: such a task starts from the target and is merged there.
                    _logger.LogWarning(error, "The branch of epic {Epic} could not be made; its tasks go to the target", epic.Number);
                }
            }
        }
        finally
        {
            Turn.Release();
        }
    }

    /// <summary>
    /// Merges the target into an epic's branch when that is clean. When it is not, work on the branch goes on, and a person is told early.
    /// Only the worker of the branch's own line calls this, so nobody else moves the branch meanwhile.
    /// </summary>
    public async Task UpdateAsync(IRepository repository, ProjectRow project, string branch, CancellationToken ct)
    {
        var reference = BranchNames.Heads + branch;
        if (await repository.ResolveAsync(reference, ct) is not { } here
            || await repository.ResolveAsync(BranchNames.Heads + project.TargetBranch, ct) is not { } target) return;
        if (await repository.IsAncestorAsync(target, here, ct)) return;
        var epic = await _store.ReadAsync(c => c.QueryFirstOrDefaultAsync<EpicMergeRow?>(
            EpicMergeRow.Select + " WHERE m.project_id = @Id AND m.branch = @branch", new { project.Id, branch }), ct);
        if (epic is null) return;
        var next = target;
        if (!await repository.IsAncestorAsync(here, target, ct))
        {
            var merge = await repository.MergeAsync(here, target, MergeMessage.ForEpic($"Merge {project.TargetBranch} into {branch}", epic.Number), MergeMessage.Plane, ct);
            if (merge.Commit is null)
            {
                await WarnAsync(epic, $"{epic.Name}: its branch {branch} does not merge with {project.TargetBranch}: {merge.Reason}. "
                    + "Work on it goes on; a task of the epic can bring the two together.", ct);
                return;
            }

            next = merge.Commit;
        }

        try
        {
            await using var move = await repository.PrepareAsync([new RefChange(reference, next, here)], ct);
            await _store.WriteAsync(tx =>
            {
                tx.Execute("UPDATE epic_merges SET detail = NULL, updated_at = @Now WHERE epic_id = @EpicId AND state = 'open'", new { tx.Now, epic.EpicId });
                tx.Emit(EventTypes.EpicSynced, $"{branch} took in {project.TargetBranch} at {GitText.Brief(target)}", project.Id, data: new { epic = epic.Number, branch, sha = next, target });
                move.Commit();
            }, ct);
            _targets.Move(project, branch, next);
        }
        catch (RefMovedException)
        {
            // Somebody moved it by hand; the next step takes this in.
        }
    }

    private async Task<bool> WantedAsync(CancellationToken ct)
    {
        var known = Volatile.Read(ref _wanted);
        if (known is bool wanted) return wanted;
        wanted = await _store.ReadAsync(c => c.QueryFirstAsync<bool>("SELECT EXISTS (SELECT 1 FROM projects WHERE epic_branches = 1 AND repository IS NOT NULL)"), ct);
        // Kept only if no project was changed while it was looked up.
        Interlocked.CompareExchange(ref _wanted, wanted, known);
        return wanted;
    }

    private Task WarnAsync(EpicMergeRow epic, string text, CancellationToken ct) => _store.WriteAsync(tx =>
    {
        // Said once until it changes.
        var news = tx.Execute(
            "UPDATE epic_merges SET detail = @text, updated_at = @Now WHERE epic_id = @EpicId AND state = 'open' AND (detail IS NULL OR detail <> @text)",
            new { text, tx.Now, epic.EpicId });
        if (news == 1)
            tx.Emit(EventTypes.EpicBlocked, text, epic.ProjectId, data: new { epic = epic.Number, branch = epic.Branch, target = epic.Target });
    }, ct);

    private Task<IEnumerable<Missing>> MissingAsync(CancellationToken ct) => _store.ReadAsync(c => c.QueryAsync<Missing>(
        """
        SELECT DISTINCT e.id, e.number, e.title, p.id AS project_id, p.target_branch
          FROM tasks t JOIN epics e ON e.id = t.epic_id JOIN projects p ON p.id = t.project_id
         WHERE t.ready = 1 AND p.epic_branches = 1 AND p.repository IS NOT NULL AND NOT EXISTS (SELECT 1 FROM epic_merges m WHERE m.epic_id = e.id)
        """), ct);

    private async Task CreateAsync(Missing epic, CancellationToken ct)
    {
        if (_repositories.Open(epic.ProjectId) is not { } repository || await repository.ResolveAsync(BranchNames.Heads + epic.TargetBranch, ct) is not { } tip) return;
        var branch = BranchNames.Epic(epic.Number, epic.Title);
        // A ref that is there already was left by a plane killed right here, or belonged to an epic that was deleted: this one starts anew.
        await using var move = await repository.PrepareAsync([new RefChange(BranchNames.Heads + branch, tip)], ct);
        var made = await _store.WriteAsync(tx =>
        {
            if (tx.QueryFirst<string>("SELECT id FROM epics WHERE id = @Id", new { epic.Id }) is null) return false;
            tx.ExecuteOne(
                """
                INSERT INTO epic_merges (epic_id, project_id, branch, target, state, created_at, updated_at)
                VALUES (@Id, @ProjectId, @branch, @TargetBranch, 'open', @Now, @Now)
                """, new { epic.Id, epic.ProjectId, branch, epic.TargetBranch, tx.Now });
            tx.Emit(EventTypes.EpicBranched, $"Work on epic {epic.Number} '{epic.Title}' is gathered in {branch}", epic.ProjectId, data: new { epic = epic.Number, branch, sha = tip });
            move.Commit();
            return true;
        }, ct);
        if (made) _targets.SetEpic(epic.ProjectId, epic.Id, branch, tip);
    }

    private sealed record Missing
    {
        public string Id { get; init; } = "";
        public int Number { get; init; }
        public string Title { get; init; } = "";
        public string ProjectId { get; init; } = "";
        public string TargetBranch { get; init; } = "";
    }
}
