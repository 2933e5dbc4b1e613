using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Evaluations;

internal static class EvaluationsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Evaluations, List).WithName("ListEvaluations").Admit(Access.Read);
        routes.MapGet(Routes.Evaluation, Get).WithName("GetEvaluation").Admit(Access.Read);
        routes.MapPost(Routes.PullEvaluations, Create).WithName("CreateEvaluation").Admit(Access.Steer);
        routes.MapPost(Routes.EvaluationCancel, Cancel).WithName("CancelEvaluation").Admit(Access.Steer);
    }

    private static Task<Page<EvaluationInfo>> List(Store store, string? pull, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        return store.ReadAsync(async c =>
        {
            var pullId = pull is null ? null : (await PullQueries.GetAsync(c, pull)).Id;
            var before = Paging.Decode(cursor);
            var rows = (await c.QueryAsync<EvaluationRow>(EvaluationRow.Select + Asked.Where((pullId, "e.pull_id = @pullId"), (before, "e.id < @before")) + " ORDER BY e.id DESC LIMIT @rows",
                new { pullId, before, rows = take + 1 })).AsList();
            List<EvaluationInfo> page = [];
            foreach (var row in rows.Take(take)) page.Add(row.ToInfo((await c.QueryAsync<TrialFigures>(TrialFigures.Select, new { id = row.Id })).AsList()));
            return new Page<EvaluationInfo> { Items = page, Next = rows.Count > take ? Paging.Encode(rows[take - 1].Id) : null };
        }, ct);
    }

    private static Task<EvaluationInfo> Get(string id, Store store, CancellationToken ct) => store.ReadAsync(async c =>
    {
        var row = await c.QueryFirstOrDefaultAsync<EvaluationRow>(EvaluationRow.Select + " WHERE e.id = @id", new { id = id.ToLowerInvariant() }) ?? throw Refusal.NotFound("evaluation", id);
        return row.ToInfo((await c.QueryAsync<TrialFigures>(TrialFigures.Select, new { id = row.Id })).AsList());
    }, ct);

    private static async Task<Created<EvaluationInfo>> Create(string id, CreateEvaluation body, HttpContext http, StartEvaluation start, Writes writes, Store store, CancellationToken ct)
    {
        var made = await Get(await start.RunAsync(id, body, http.Principal().Name, writes, ct), store, ct);
        return TypedResults.Created(Routes.With(Routes.Evaluation, made.Id), made);
    }

    private static async Task<EvaluationInfo> Cancel(string id, Reason? body, HttpContext http, Writes writes, Store store, CancellationToken ct)
    {
        new Checked().Text(body?.Text, "text", 500, required: false).ThrowIfWrong();
        await writes.RunAsync<object?>(body, tx => { EndEvaluation.Cancel(tx, id, body?.Text ?? $"{http.Principal().Name} stopped it"); return null; }, ct);
        return await Get(id, store, ct);
    }
}
