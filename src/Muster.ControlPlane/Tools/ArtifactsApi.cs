using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Security;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tools;

public static class ArtifactsApi
{
    public static void MapArtifacts(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Artifacts, List).WithName("ListArtifacts").Admit(Access.Read);
        routes.MapPost(Routes.Artifacts, Create).WithName("CreateArtifact").Admit(Access.Fleet).Accepts<byte[]>("*/*");
        routes.MapGet(Routes.Artifact, Get).WithName("GetArtifact").Admit(Access.Read);
        routes.MapPatch(Routes.Artifact, Update).WithName("UpdateArtifact").Admit(Access.Steer);
        routes.MapDelete(Routes.Artifact, Delete).WithName("DeleteArtifact").Admit(Access.Steer);
        routes.MapGet(Routes.ArtifactContent, Content).WithName("GetArtifactContent").Admit(Access.Read);
    }

    private static async Task<Page<ArtifactInfo>> List(Store store, string? task, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var after = Paging.Decode(cursor);
        var taskId = task is null ? null : (await TaskQueries.GetAsync(store, task, ct)).Id;
        var rows = (await store.ReadAsync(c => c.QueryAsync<ArtifactRow>(
            $"SELECT * FROM artifacts{Asked.Where((taskId, "task_id = @taskId"), (after, "id > @after"))} ORDER BY id LIMIT @limit", new { taskId, after, limit = take + 1 }), ct)).AsList();
        return Paging.Page(rows, take, r => r.Id, r => r.ToInfo());
    }

    /// <summary>The body is the content; an agent sends its lease and stores for its own task only.</summary>
    private static async Task<Created<ArtifactInfo>> Create(
        HttpContext http, Store store, ArtifactStore files, ControlPlaneOptions options, string name, string? taskId, string? contentType, CancellationToken ct)
    {
        new Checked().Line(name, "name", 200).Line(contentType, "contentType", 100, required: false).ThrowIfWrong();
        http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = options.ArtifactLimitBytes + 1;
        var principal = http.Principal();
        var lease = Leases.Header(http);
        if (principal.Scope == Scopes.Agent) await store.WriteAsync(tx => Leases.Require(tx, store, lease).Id, ct);
        var (sha, size) = await files.PutAsync(http.Request.Body, ct);
        try
        {
            var info = await store.WriteAsync(tx =>
            {
                files.Require(sha);
                var task = principal.Scope == Scopes.Agent ? Leases.Require(tx, store, lease) : taskId is null ? null : TaskQueries.Get(tx, taskId);
                return Add(tx, task, new ArtifactRow
                {
                    Id = Ids.New(),
                    Name = name,
                    TaskId = task?.Id,
                    AssignmentId = task?.AssignmentId,
                    ContentType = contentType ?? "application/octet-stream",
                    Size = size,
                    Sha256 = sha,
                    CreatedAt = tx.Now,
                });
            }, ct);
            return TypedResults.Created(Routes.With(Routes.Artifact, info.Id), info);
        }
        catch (Refusal)
        {
            // The lease was lost meanwhile, or there is no such task: content that nobody names is not kept.
            await files.RemoveUnnamedAsync(store, sha, CancellationToken.None);
            throw;
        }
    }

    private static ArtifactInfo Add(StoreTransaction tx, TaskRow? task, ArtifactRow row)
    {
        tx.ExecuteOne("INSERT INTO artifacts (id, name, task_id, assignment_id, content_type, size, sha256, created_at) VALUES (@Id, @Name, @TaskId, @AssignmentId, @ContentType, @Size, @Sha256, @CreatedAt)", row);
        tx.Emit(EventTypes.ArtifactStored, $"Artifact '{row.Name}' was stored ({row.Size} bytes)", task?.ProjectId, task?.Id, data: new { artifactId = row.Id, name = row.Name, size = row.Size });
        return row.ToInfo();
    }

    private static async Task<ArtifactInfo> Get(string id, Store store, CancellationToken ct) => (await RowAsync(store, id, ct)).ToInfo();

    private static Task<ArtifactInfo> Update(string id, UpdateArtifact body, Writes writes, CancellationToken ct)
    {
        new Checked().Line(body.Name, "name", 200).ThrowIfWrong();
        return writes.RunAsync(body, tx =>
        {
            if (tx.Execute("UPDATE artifacts SET name = @Name WHERE id = @id", new { body.Name, id }) == 0) throw Refusal.NotFound("artifact", id);
            return tx.QueryFirst<ArtifactRow>("SELECT * FROM artifacts WHERE id = @id", new { id })!.ToInfo();
        }, ct);
    }

    private static async Task<NoContent> Delete(string id, Store store, ArtifactStore files, CancellationToken ct)
    {
        var sha = await store.WriteAsync(tx =>
        {
            var row = tx.QueryFirst<ArtifactRow>("SELECT * FROM artifacts WHERE id = @id", new { id }) ?? throw Refusal.NotFound("artifact", id);
            tx.ExecuteOne("DELETE FROM artifacts WHERE id = @id", new { id });
            tx.Emit(EventTypes.ArtifactDeleted, $"Artifact '{row.Name}' was deleted", taskId: row.TaskId, data: new { artifactId = id });
            return row.Sha256;
        }, ct);
        await files.RemoveUnnamedAsync(store, sha, CancellationToken.None);
        return TypedResults.NoContent();
    }

    /// <summary>Always a download: what an agent stored must not run as a page of ours.</summary>
    private static async Task<FileStreamHttpResult> Content(string id, Store store, ArtifactStore files, CancellationToken ct)
    {
        var row = await RowAsync(store, id, ct);
        return TypedResults.Stream(files.Open(row.Sha256), "application/octet-stream", row.Name, enableRangeProcessing: true);
    }

    private static async Task<ArtifactRow> RowAsync(Store store, string id, CancellationToken ct) =>
        await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ArtifactRow>("SELECT * FROM artifacts WHERE id = @id", new { id }), ct) ?? throw Refusal.NotFound("artifact", id);
}

/// <summary>A row of <c>artifacts</c>.</summary>
public sealed record ArtifactRow
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string? TaskId { get; init; }
    public string? AssignmentId { get; init; }
    public string ContentType { get; init; } = "";
    public long Size { get; init; }
    public string Sha256 { get; init; } = "";
    public long CreatedAt { get; init; }

    public ArtifactInfo ToInfo() => new()
    {
        Id = Id,
        Name = Name,
        TaskId = TaskId,
        AssignmentId = AssignmentId,
        ContentType = ContentType,
        Size = Size,
        Sha256 = Sha256,
        CreatedAt = Times.At(CreatedAt),
    };
}
