using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.ControlPlane.Fleet.Drifting;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Fleet;

public static class AgentsApi
{
    public static void MapAgents(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Agents, List).WithName("ListAgents").Admit(Access.Read);
        routes.MapPost(Routes.Agents, Create).WithName("CreateAgent").Admit(Access.Steer);
        routes.MapPost(Routes.AgentHeartbeat, Beat).WithName("Heartbeat").Admit(Access.Work);
        routes.MapGet(Routes.Agent, Get).WithName("GetAgent").Admit(Access.Read);
        routes.MapPatch(Routes.Agent, Update).WithName("UpdateAgent").Admit(Access.Steer);
        routes.MapDelete(Routes.Agent, Delete).WithName("DeleteAgent").Admit(Access.Steer);
        routes.MapPost(Routes.AgentDeactivate, Deactivate).WithName("DeactivateAgent").Admit(Access.Steer);
        routes.MapPost(Routes.AgentPause, Pause).WithName("PauseAgent").Admit(Access.Steer);
        routes.MapPost(Routes.AgentResume, Resume).WithName("ResumeAgent").Admit(Access.Steer);
        routes.MapPost(Routes.AgentDrain, Drain).WithName("DrainAgent").Admit(Access.Steer);
        routes.MapPost(Routes.AgentStop, Stop).WithName("StopAgent").Admit(Access.Steer);
        routes.MapPost(Routes.AgentToken, CreateAgentToken).WithName("CreateAgentToken").Admit(Access.HostWork);
    }

    private static Task<HeartbeatAnswer> Beat(HeartbeatRequest body, HttpContext http, Heartbeat heartbeat, CancellationToken ct) =>
        heartbeat.RunAsync(http.Principal(), body, ct);

    private static async Task<Page<AgentInfo>> List(
        Store store, AgentReader reader, bool? active, string? host, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var rows = (await store.ReadAsync(c => c.QueryAsync<AgentRow>(
            AgentRow.Select + " WHERE (@active IS NULL OR a.active = @active) AND (@host IS NULL OR h.name = @host OR h.id = @host) AND a.name > @after ORDER BY a.name LIMIT @limit",
            new { active, host, after = Paging.Decode(cursor) ?? "", limit = take + 1 }), ct)).AsList();
        var infos = await reader.InfosAsync(rows, ct);
        return Paging.Page(infos, take, a => a.Name, a => a);
    }

    private static async Task<AgentInfo> Get(string id, Store store, AgentReader reader, CancellationToken ct)
    {
        var row = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<AgentRow>(AgentRow.ByIdOrName, new { agent = id }), ct) ?? throw Refusal.NotFound("agent", id);
        return (await reader.InfosAsync([row], ct))[0];
    }

    private static async Task<Created<AgentInfo>> Create(CreateAgent body, Writes writes, RoleCatalog roles, CancellationToken ct)
    {
        new Checked()
            .Require(Names.IsName(body.Name), "name", Names.Rule)
            .Labels(body.Labels)
            .Line(body.Model, "model", 100, required: false)
            .Require(body.Capacity is null or (>= 1 and <= 1000), "capacity", "capacity is 1 to 1000.")
            .ThrowIfWrong();
        roles.Require(body.Role);
        AgentDefinitions.Check(body.Definition);
        var info = await writes.RunAsync(body, tx =>
        {
            if (AgentRow.Find(tx, body.Name) is not null) throw new Refusal(409, ProblemCodes.Duplicate, $"There is an agent '{body.Name}' already.");
            var host = body.Host is null ? null : HostRow.Get(tx, body.Host);
            if (body.Definition is not null && host is null)
                throw Refusal.Invalid("host", "An agent with a definition needs the host that runs it. `muster host list` shows the hosts.");
            var row = new AgentRow
            {
                Id = Ids.New(),
                Name = body.Name,
                Role = body.Role,
                Model = body.Model,
                Labels = JsonSerializer.Serialize(body.Labels ?? []),
                HostId = host?.Id,
                HostName = host?.Name,
                Capacity = body.Capacity ?? 1,
                Definition = body.Definition is null ? null : JsonSerializer.Serialize(body.Definition, Wire.Json),
                Rehearsal = body.Definition?.Executor == Executors.Rehearsal,
                Declared = body.Model is not null,
                CreatedAt = tx.Now,
                UpdatedAt = tx.Now,
            };
            tx.ExecuteOne(
                """
                INSERT INTO agents (id, name, role, model, labels, host_id, capacity, desired, definition, rehearsal, declared, health, created_at, updated_at)
                VALUES (@Id, @Name, @Role, @Model, @Labels, @HostId, @Capacity, @Desired, @Definition, @Rehearsal, @Declared, @Health, @CreatedAt, @UpdatedAt)
                """, row);
            tx.Emit(EventTypes.AgentRegistered, $"Agent {row.Name} was added", agentId: row.Id, data: new { name = row.Name, role = row.Role });
            tx.Notify(new AgentChanged(row.Id, row.Name));
            return row.ToInfo(null, [], null);
        }, ct);
        return TypedResults.Created(Routes.With(Routes.Agent, info.Id), info);
    }

    private static Task<AgentInfo> Update(string id, UpdateAgent body, Writes writes, RoleCatalog roles, PresenceTable presence, DriftWatch drift, CancellationToken ct)
    {
        new Checked().Labels(body.Labels).Line(body.Model, "model", 100, required: false)
            .Require(body.Capacity is null or (>= 1 and <= 1000), "capacity", "capacity is 1 to 1000.").ThrowIfWrong();
        roles.Require(body.Role);
        AgentDefinitions.Check(body.Definition);
        return writes.RunAsync(body, tx =>
        {
            var before = AgentRow.Get(tx, id);
            var host = body.Host is null ? null : HostRow.Get(tx, body.Host);
            var row = before with
            {
                Role = body.Role ?? before.Role,
                Model = body.Model ?? before.Model,
                Labels = body.Labels is null ? before.Labels : JsonSerializer.Serialize(body.Labels),
                HostId = host?.Id ?? before.HostId,
                HostName = host?.Name ?? before.HostName,
                Capacity = body.Capacity ?? before.Capacity,
                Definition = body.Definition is null ? before.Definition : JsonSerializer.Serialize(body.Definition, Wire.Json),
                Rehearsal = body.Definition is null ? before.Rehearsal : body.Definition.Executor == Executors.Rehearsal,
                Declared = before.Declared || body.Model is not null,
                UpdatedAt = tx.Now,
            };
            tx.ExecuteOne(
                """
                UPDATE agents SET role = @Role, model = @Model, labels = @Labels, host_id = @HostId, capacity = @Capacity, definition = @Definition,
                       rehearsal = @Rehearsal, declared = @Declared, updated_at = @UpdatedAt WHERE id = @Id
                """, row);
            tx.Emit(EventTypes.AgentUpdated, $"Agent {row.Name} was changed", agentId: row.Id, data: new { name = row.Name });
            tx.Notify(new AgentChanged(row.Id, row.Name));
            return row.ToInfo(presence.Find(row.Id), [], drift.Show(row));
        }, ct);
    }

    private static async Task<NoContent> Delete(string id, Store store, PresenceTable presence, TokenDirectory tokens, CancellationToken ct)
    {
        var agentId = await store.WriteAsync(tx =>
        {
            var row = AgentRow.Get(tx, id);
            if (tx.QueryFirst<int>("SELECT COUNT(*) FROM assignments WHERE agent_id = @Id", new { row.Id }) > 0)
                throw new Refusal(409, ProblemCodes.InUse, $"Agent {row.Name} has worked on tasks and stays in their history. Deactivate it instead.");
            tx.ExecuteOne("DELETE FROM agents WHERE id = @Id", new { row.Id });
            tx.Emit(EventTypes.AgentDeleted, $"Agent {row.Name} was removed", data: new { name = row.Name });
            tx.Notify(new AgentChanged(row.Id, row.Name));
            return row.Id;
        }, ct);
        presence.Forget(agentId);
        await tokens.RevokeSubjectAsync(agentId, ct);
        return TypedResults.NoContent();
    }

    private static Task<AgentInfo> Pause(string id, Steering steering, CancellationToken ct) => steering.SetAsync(id, DesiredState.Paused, ct);

    private static Task<AgentInfo> Resume(string id, Steering steering, CancellationToken ct) => steering.SetAsync(id, DesiredState.Running, ct);

    /// <summary>It finishes what it holds, takes nothing new, and ends.</summary>
    private static Task<AgentInfo> Drain(string id, Steering steering, CancellationToken ct) => steering.SetAsync(id, DesiredState.Draining, ct);

    /// <summary>It ends now; what it holds goes to others.</summary>
    private static Task<AgentInfo> Stop(string id, Steering steering, CancellationToken ct) => steering.SetAsync(id, DesiredState.Stopped, ct);

    private static Task<AgentInfo> Deactivate(string id, Steering steering, CancellationToken ct) => steering.DeactivateAsync(id, ct);

    private static async Task<Created<TokenCreated>> CreateAgentToken(string id, HttpContext http, AgentDirectory agents, TokenDirectory tokens, Writes writes, CancellationToken ct)
    {
        var agent = await agents.FindAsync(id, ct) ?? throw Refusal.NotFound("agent", id);
        var principal = http.Principal();
        if (principal.Scope == Scopes.Host && principal.Subject is not null && principal.Subject != agent.HostId)
            throw Refusal.Forbidden($"Agent {agent.Name} does not run on this host.");
        // One token for each agent: a process started anew makes its predecessor's worthless.
        var created = await tokens.CreateAsync(new NewToken(agent.Name, Scopes.Agent) { Subject = agent.Id, IsOnly = true }, writes, body: null, ct);
        return TypedResults.Created(Routes.With(Routes.Token, created.Token.Id), created);
    }
}
