using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet;

public static class HostsApi
{
    public static void MapHosts(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Hosts, List).WithName("ListHosts").Admit(Access.Read);
        routes.MapPost(Routes.Hosts, Create).WithName("CreateHost").Admit(Access.Steer);
        routes.MapPost(Routes.HostHeartbeat, Beat).WithName("HostHeartbeat").Admit(Access.HostWork);
        routes.MapGet(Routes.Host, Get).WithName("GetHost").Admit(Access.Read);
        routes.MapPatch(Routes.Host, Update).WithName("UpdateHost").Admit(Access.Steer);
        routes.MapDelete(Routes.Host, Delete).WithName("DeleteHost").Admit(Access.Steer);
    }

    private static Task<HostHeartbeatAnswer> Beat(HostHeartbeatRequest body, HttpContext http, HostHeartbeat heartbeat, CancellationToken ct) =>
        heartbeat.RunAsync(http.Principal(), body, ct);

    private static async Task<Page<HostInfo>> List(Store store, PresenceTable presence, HostHeartbeat beats, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var rows = (await store.ReadAsync(c => c.QueryAsync<HostRow>("SELECT * FROM hosts WHERE name > @after ORDER BY name LIMIT @limit",
            new { after = Paging.Decode(cursor) ?? "", limit = take + 1 }), ct)).AsList();
        var agents = (await store.ReadAsync(c => c.QueryAsync<(string Host, string Name)>(
            "SELECT host_id, name FROM agents WHERE host_id IN @ids AND active = 1 ORDER BY name", new { ids = rows.Select(r => r.Id) }), ct)).ToLookup(a => a.Host, a => a.Name, StringComparer.Ordinal);
        return Paging.Page(rows, take, r => r.Name, r => r.ToInfo(presence.Find(r.Id), beats.Load(r.Id), [.. agents[r.Id]]));
    }

    private static async Task<HostInfo> Get(string id, Store store, PresenceTable presence, HostHeartbeat beats, CancellationToken ct)
    {
        var row = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<HostRow>(HostRow.ByIdOrName, new { host = id }), ct) ?? throw Refusal.NotFound("host", id);
        var agents = await store.ReadAsync(c => c.QueryAsync<string>("SELECT name FROM agents WHERE host_id = @Id AND active = 1 ORDER BY name", new { row.Id }), ct);
        return row.ToInfo(presence.Find(row.Id), beats.Load(row.Id), agents.AsList());
    }

    private static async Task<Created<HostInfo>> Create(CreateHost body, Writes writes, CancellationToken ct)
    {
        new Checked().Require(Names.IsName(body.Name), "name", Names.Rule)
            .Require(body.Cores is null or (>= 1 and <= 4096), "cores", "cores is 1 to 4096.")
            .Require(body.Capacity is null or (>= 0 and <= 10_000), "capacity", "capacity is 0 to 10000.").ThrowIfWrong();
        var info = await writes.RunAsync(body, tx =>
        {
            if (HostRow.Find(tx, body.Name) is not null) throw new Refusal(409, ProblemCodes.Duplicate, $"There is a host '{body.Name}' already.");
            var row = new HostRow
            {
                Id = Ids.New(),
                Name = body.Name,
                Cores = body.Cores ?? 1,
                MemoryBytes = body.MemoryBytes ?? 0,
                Capacity = body.Capacity ?? body.Cores ?? 1,
                CreatedAt = tx.Now,
            };
            tx.ExecuteOne("INSERT INTO hosts (id, name, cores, memory_bytes, capacity, health, created_at) VALUES (@Id, @Name, @Cores, @MemoryBytes, @Capacity, @Health, @CreatedAt)", row);
            tx.Emit(EventTypes.HostRegistered, $"Host {row.Name} was added", data: new { name = row.Name });
            return row.ToInfo(null, null, []);
        }, ct);
        return TypedResults.Created(Routes.With(Routes.Host, info.Id), info);
    }

    private static Task<HostInfo> Update(string id, UpdateHost body, Writes writes, PresenceTable presence, HostHeartbeat beats, CancellationToken ct)
    {
        new Checked().Require(body.Capacity is null or (>= 0 and <= 10_000), "capacity", "capacity is 0 to 10000.").ThrowIfWrong();
        return writes.RunAsync(body, tx =>
        {
            var row = HostRow.Get(tx, id);
            tx.ExecuteOne("UPDATE hosts SET capacity = COALESCE(@Capacity, capacity) WHERE id = @Id", new { body.Capacity, row.Id });
            return (row with { Capacity = body.Capacity ?? row.Capacity }).ToInfo(presence.Find(row.Id), beats.Load(row.Id), []);
        }, ct);
    }

    private static async Task<NoContent> Delete(string id, Store store, PresenceTable presence, TokenDirectory tokens, CancellationToken ct)
    {
        var hostId = await store.WriteAsync(tx =>
        {
            var row = HostRow.Get(tx, id);
            if (tx.QueryFirst<int>("SELECT COUNT(*) FROM agents WHERE host_id = @Id", new { row.Id }) > 0)
                throw new Refusal(409, ProblemCodes.InUse, $"Host {row.Name} still has agents. Move or delete them first.");
            tx.ExecuteOne("DELETE FROM hosts WHERE id = @Id", new { row.Id });
            tx.Emit(EventTypes.HostDeleted, $"Host {row.Name} was removed", data: new { name = row.Name });
            return row.Id;
        }, ct);
        presence.Forget(hostId);
        await tokens.RevokeSubjectAsync(hostId, ct);
        return TypedResults.NoContent();
    }
}
