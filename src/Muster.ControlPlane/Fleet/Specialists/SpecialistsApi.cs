using Dapper;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Fleet.Specialists;

public static class SpecialistsApi
{
    public static void MapSpecialists(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Specialists, List).WithName("ListSpecialists").Admit(Access.Read);
        routes.MapPost(Routes.Specialists, Spawn).WithName("SpawnSpecialist").Admit(Access.Work);
        routes.MapPost(Routes.SpecialistRetire, Retire).WithName("RetireSpecialist").Admit(Access.Work);
    }

    private static async Task<Page<SpecialistInfo>> List(Store store, string? state, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var rows = (await store.ReadAsync(c => c.QueryAsync<SpecialistRow>(SpecialistRow.Select + " WHERE (@state IS NULL OR s.state = @state) AND s.id > @after ORDER BY s.id LIMIT @limit",
            new { state, after = Paging.Decode(cursor) ?? "", limit = take + 1 }), ct)).AsList();
        return Paging.Page(rows, take, r => r.Id, r => r.ToInfo());
    }

    private static async Task<SpecialistInfo> Spawn(SpawnSpecialist body, HttpContext http, Writes writes, SpawnSpecialists spawn, SpecialistKeeper keeper, CancellationToken ct)
    {
        SpecialistRules.Check(body);
        var made = await writes.RunAsync(body, tx => spawn.Run(tx, Leases.Header(http), body), ct);
        await keeper.SyncAsync(ct);
        return made;
    }

    private static async Task<SpecialistInfo> Retire(string id, RetireSpecialist body, HttpContext http, Writes writes, RetireSpecialists retire, SpecialistKeeper keeper, CancellationToken ct)
    {
        new Checked().Text(body.Reason, "reason", 500, required: false).ThrowIfWrong();
        var ended = await writes.RunAsync(body, tx => retire.Run(tx, http.Principal(), Leases.Header(http), id, body.Reason).ToInfo(), ct);
        await keeper.SyncAsync(ct);
        return ended;
    }
}
