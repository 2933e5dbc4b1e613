using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Security;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery;

internal static class EvidenceApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.Evidence, Add).WithName("AddEvidence").Admit(Access.Work);
        routes.MapGet(Routes.TaskEvidence, List).WithName("ListEvidence").Admit(Access.Read);
    }

    private static async Task<Created<EvidenceInfo>> Add(CreateEvidence body, HttpContext http, Store store, Writes writes, CancellationToken ct)
    {
        new Checked()
            .Line(body.Task, "task", 100)
            .Require(EvidenceKinds.All.Contains(body.Kind), "kind", $"kind is one of {string.Join(", ", EvidenceKinds.All)}.")
            .Line(body.Reference, "reference", 2000)
            .Text(body.Detail, "detail", 20_000, required: false)
            .ThrowIfWrong();
        var info = await writes.RunAsync(body, tx => Write(tx, body, http, store).ToInfo(), ct);
        return TypedResults.Created(Routes.With(Routes.TaskEvidence, info.TaskId), info);
    }

    private static EvidenceRow Write(StoreTransaction tx, CreateEvidence body, HttpContext http, Store store)
    {
        var principal = http.Principal();
        var task = TaskQueries.Get(tx, body.Task);
        var claim = new EvidenceClaim { Kind = body.Kind, Reference = body.Reference, Detail = body.Detail };
        if (principal.Scope == Scopes.Agent)
        {
            var held = Leases.Require(tx, store, Leases.Header(http));
            return held.Id == task.Id
                ? EvidenceBook.Claim(tx, task, task.AssignmentId, claim)
                : throw Refusal.Forbidden("This lease is for another task.");
        }

        var row = EvidenceBook.Claim(tx, task, null, claim);
        // A person vouches for a source they name; what the plane can see for itself it still sees for itself.
        if (body.Kind is not (EvidenceKinds.Research or EvidenceKinds.Citation)) return row;
        EvidenceBook.Confirm(tx, task, row, "person:" + principal.Name);
        return row with { Verified = true, VerifiedBy = "person:" + principal.Name };
    }

    private static Task<IReadOnlyList<EvidenceInfo>> List(string taskId, Store store, CancellationToken ct)
    {
        var (sql, args) = TaskQueries.Lookup(taskId);
        return store.ReadAsync<IReadOnlyList<EvidenceInfo>>(async c =>
        {
            var task = sql is null ? null : await c.QueryFirstOrDefaultAsync<TaskRow>(sql, args);
            if (task is null) throw Refusal.NotFound("task", taskId);
            var rows = await c.QueryAsync<EvidenceRow>(EvidenceRow.Select + " WHERE task_id = @Id ORDER BY id LIMIT 1000", new { task.Id });
            return [.. rows.Select(r => r.ToInfo())];
        }, ct);
    }
}
