using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Events;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

public static class ProjectsApi
{
    public static void MapProjects(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Projects, List).WithName("ListProjects").Admit(Access.Read);
        routes.MapPost(Routes.Projects, Create).WithName("CreateProject").Admit(Access.Work);
        routes.MapGet(Routes.Project, Get).WithName("GetProject").Admit(Access.Read);
        routes.MapPatch(Routes.Project, Update).WithName("UpdateProject").Admit(Access.Steer);
        routes.MapDelete(Routes.Project, Delete).WithName("DeleteProject").Admit(Access.Steer);
        routes.MapPost(Routes.ProjectPause, Pause).WithName("PauseProject").Admit(Access.Steer);
        routes.MapPost(Routes.ProjectResume, Resume).WithName("ResumeProject").Admit(Access.Steer);
        routes.MapPost(Routes.ProjectSync, Sync).WithName("SyncProject").Admit(Access.Steer);
    }

    private static async Task<Page<ProjectInfo>> List(Store store, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var rows = (await store.ReadAsync(c => c.QueryAsync<ProjectRow>(ProjectRow.Select + " WHERE key > @after ORDER BY key LIMIT @limit",
            new { after = Paging.Decode(cursor) ?? "", limit = take + 1 }), ct)).AsList();
        return Paging.Page(rows, take, r => r.Key, r => r.ToInfo());
    }

    private static async Task<ProjectInfo> Get(string id, Store store, CancellationToken ct) => (await RowAsync(store, id, ct)).ToInfo();

    /// <summary>A project by id, key or name.</summary>
    public static async Task<ProjectRow> RowAsync(Store store, string id, CancellationToken ct) =>
        await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ProjectRow>(ProjectRow.Find, new { project = id, projectKey = id.ToUpperInvariant() }), ct)
        ?? throw Refusal.NotFound("project", id);

    private static async Task<Created<ProjectInfo>> Create(CreateProject body, HttpContext http, Writes writes, IProjectRepositories repositories, CancellationToken ct)
    {
        // What the plane reads and writes outside, it does with the rights of the person who runs it.
        if (http.Principal().Scope == Scopes.Agent && (body.Repository is not null || body.DeployTo is not null || body.PushBack is true || body.Approval is PlanApprovals.Auto))
            throw Refusal.Forbidden("An agent adds projects without a repository; one with a repository, with deployments or with plans that need no approval is for a person.");
        Check(body.Name, body.LeaseSeconds, body.MaxFailures, body.Review, body.Contract, body.Approval);
        new Checked()
            .Require(body.Key is null || Names.IsKey(body.Key), "key", "A key has 2 to 10 capital letters or digits and begins with a letter.")
            .Line(body.Repository, "repository", 1000, required: false)
            .Line(body.TargetBranch, "targetBranch", 200, required: false)
            .ThrowIfWrong();
        var id = Ids.New();
        // Outside the transaction: fetching takes as long as it takes, and a repository that cannot be read changes nothing.
        var mirrored = body.Repository is null ? new Mirrored(body.TargetBranch ?? "main", null) : await repositories.MirrorAsync(id, body.Repository, body.TargetBranch, ct);
        try
        {
            var info = await writes.RunAsync(body, tx => Insert(tx, id, body, mirrored).ToInfo(), ct);
            if (info.Id != id) await repositories.ForgetAsync(id);
            return TypedResults.Created(Routes.With(Routes.Project, info.Key), info);
        }
        catch (Refusal)
        {
            await repositories.ForgetAsync(id);
            throw;
        }
    }

    /// <summary>Adds a project whose repository was mirrored.</summary>
    internal static ProjectRow Insert(StoreTransaction tx, string id, CreateProject body, Mirrored mirrored)
    {
        var key = body.Key ?? FreeKey(tx, Names.SuggestKey(body.Name));
        if (tx.QueryFirst<int>("SELECT COUNT(*) FROM projects WHERE key = @key", new { key }) > 0)
            throw new Refusal(409, ProblemCodes.Duplicate, $"There is a project with the key {key} already; choose another key.");
        var row = new ProjectRow
        {
            Id = id,
            Key = key,
            Name = body.Name.Trim(),
            Repository = body.Repository,
            TargetBranch = mirrored.TargetBranch,
            LeaseSeconds = body.LeaseSeconds ?? 60,
            MaxFailures = body.MaxFailures ?? 3,
            Contract = body.Contract ?? mirrored.Contract ?? (body.Repository is null ? "" : "commit + test(pass) + pr(merged)"),
            Review = body.Review ?? ReviewPolicies.Auto,
            PushBack = body.PushBack ?? false,
            DeployTo = body.DeployTo,
            EpicBranches = body.EpicBranches ?? false,
            Approval = body.Approval ?? PlanApprovals.Plan,
            CreatedAt = tx.Now,
            UpdatedAt = tx.Now,
        };
        AddTask.CheckContract(row, row.Contract);
        tx.ExecuteOne(
            """
            INSERT INTO projects (id, key, name, repository, target_branch, lease_seconds, max_failures, contract, review, push_back, deploy_to, epic_branches, approval, created_at, updated_at)
            VALUES (@Id, @Key, @Name, @Repository, @TargetBranch, @LeaseSeconds, @MaxFailures, @Contract, @Review, @PushBack, @DeployTo, @EpicBranches, @Approval, @CreatedAt, @UpdatedAt)
            """, row);
        tx.Emit(EventTypes.ProjectCreated, $"Project {row.Key} '{row.Name}' was added", row.Id, data: new { key = row.Key, row.Name });
        return row;
    }

    private static string FreeKey(StoreTransaction tx, string wanted)
    {
        var taken = tx.Query<string>("SELECT key FROM projects").ToHashSet(StringComparer.Ordinal);
        for (var i = 1; ; i++)
        {
            var key = i == 1 ? wanted : wanted + i;
            if (!taken.Contains(key)) return key;
        }
    }

    private static Task<ProjectInfo> Update(string id, UpdateProject body, Writes writes, CancellationToken ct)
    {
        Check(body.Name ?? "x", body.LeaseSeconds, body.MaxFailures, body.Review, body.Contract, body.Approval);
        return writes.RunAsync(body, tx =>
        {
            var before = ProjectRow.Get(tx, id);
            var row = before with
            {
                Name = body.Name?.Trim() ?? before.Name,
                LeaseSeconds = body.LeaseSeconds ?? before.LeaseSeconds,
                MaxFailures = body.MaxFailures ?? before.MaxFailures,
                Contract = body.Contract ?? before.Contract,
                Review = body.Review ?? before.Review,
                PushBack = body.PushBack ?? before.PushBack,
                DeployTo = body.DeployTo is null ? before.DeployTo : body.DeployTo.Length == 0 ? null : body.DeployTo,
                EpicBranches = body.EpicBranches ?? before.EpicBranches,
                Approval = body.Approval ?? before.Approval,
                UpdatedAt = tx.Now,
            };
            AddTask.CheckContract(row, row.Contract);
            tx.ExecuteOne(
                """
                UPDATE projects SET name = @Name, lease_seconds = @LeaseSeconds, max_failures = @MaxFailures, contract = @Contract, review = @Review,
                       push_back = @PushBack, deploy_to = @DeployTo, epic_branches = @EpicBranches, approval = @Approval, updated_at = @UpdatedAt WHERE id = @Id
                """, row);
            tx.Emit(EventTypes.ProjectUpdated, $"Project {row.Key} was changed", row.Id, data: new { key = row.Key });
            return row.ToInfo();
        }, ct);
    }

    private static Task<ProjectInfo> Pause(string id, Writes writes, CancellationToken ct) => SetPausedAsync(id, true, writes, ct);

    private static Task<ProjectInfo> Resume(string id, Writes writes, CancellationToken ct) => SetPausedAsync(id, false, writes, ct);

    private static Task<ProjectInfo> SetPausedAsync(string id, bool paused, Writes writes, CancellationToken ct) => writes.RunAsync(null, tx =>
    {
        var row = ProjectRow.Get(tx, id);
        tx.ExecuteOne("UPDATE projects SET paused = @paused, updated_at = @Now WHERE id = @Id", new { paused, tx.Now, row.Id });
        tx.Emit(EventTypes.ProjectUpdated, $"Project {row.Key} was {(paused ? "paused" : "resumed")}", row.Id, data: new { key = row.Key, paused });
        if (!paused) tx.Notify(new ClaimsMayLook());
        return (row with { Paused = paused, UpdatedAt = tx.Now }).ToInfo();
    }, ct);

    private static async Task<ProjectInfo> Sync(string id, Store store, IProjectRepositories repositories, CancellationToken ct)
    {
        var row = await RowAsync(store, id, ct);
        if (row.Repository is null) throw Refusal.WrongState($"Project {row.Key} has no repository.");
        await repositories.SyncAsync(row, ct);
        return row.ToInfo();
    }

    private static async Task<NoContent> Delete(string id, Store store, IProjectRepositories repositories, CancellationToken ct)
    {
        var projectId = await store.WriteAsync(tx =>
        {
            var row = ProjectRow.Get(tx, id);
            var busy = tx.QueryFirst<int>("SELECT COUNT(*) FROM tasks WHERE project_id = @Id AND status IN ('in_progress', 'review')", new { row.Id });
            if (busy > 0) throw new Refusal(409, ProblemCodes.InUse, $"{busy} tasks of project {row.Key} are being worked on or in review. Cancel them first.");
            tx.Execute("UPDATE tasks SET parent_id = NULL WHERE parent_id IN (SELECT id FROM tasks WHERE project_id = @Id)", new { row.Id });
            tx.Execute("DELETE FROM edges WHERE depends_on IN (SELECT id FROM tasks WHERE project_id = @Id) OR task_id IN (SELECT id FROM tasks WHERE project_id = @Id)", new { row.Id });
            foreach (var table in (string[])["jobs", "merge_queue", "deployments", "pulls", "tasks", "epic_merges", "epics", "progress_snapshots"])
                tx.Execute($"DELETE FROM {table} WHERE project_id = @Id", new { row.Id });
            tx.ExecuteOne("DELETE FROM projects WHERE id = @Id", new { row.Id });
            tx.Emit(EventTypes.ProjectDeleted, $"Project {row.Key} was deleted", row.Id, data: new { key = row.Key });
            return row.Id;
        }, ct);
        await repositories.ForgetAsync(projectId);
        return TypedResults.NoContent();
    }

    private static void Check(string name, int? lease, int? failures, string? review, string? contract, string? approval) => new Checked()
        .Line(name, "name", 100)
        .Require(lease is null or (>= 2 and <= 86_400), "leaseSeconds", "leaseSeconds is 2 to 86400.")
        .Require(failures is null or (>= 1 and <= 100), "maxFailures", "maxFailures is 1 to 100.")
        .Require(review is null or ReviewPolicies.Auto or ReviewPolicies.Person, "review", "review is auto or person.")
        .Require(approval is null or PlanApprovals.Plan or PlanApprovals.Auto, "approval", "approval is plan or auto.")
        .Line(contract, "contract", 500, required: false)
        .ThrowIfWrong();
}

/// <summary>The plane's own copies of the projects' repositories.</summary>
public interface IProjectRepositories
{
    /// <summary>Mirrors a repository. Refuses what cannot be read, saying why.</summary>
    Task<Mirrored> MirrorAsync(string projectId, string repository, string? targetBranch, CancellationToken ct);

    /// <summary>Brings in what the person has committed in their own repository, and pushes back where the project says so.</summary>
    Task SyncAsync(ProjectRow project, CancellationToken ct);

    Task ForgetAsync(string projectId);
}

/// <param name="TargetBranch">The branch that work is merged into.</param>
/// <param name="Contract">The contract that the repository's own rules name, when they do.</param>
public sealed record Mirrored(string TargetBranch, string? Contract);
