using System.Collections.Concurrent;
using Dapper;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Fleet;

/// <summary>A host says that it is alive and what it runs; hears what it should run. A death it reports frees the dead agent's tasks at once.</summary>
public sealed class HostHeartbeat(Store store, PresenceTable presence, IHostDuties duties)
{
    private readonly ConcurrentDictionary<string, double> _loads = new(StringComparer.Ordinal);

    public double? Load(string hostId) => _loads.TryGetValue(hostId, out var load) ? load : null;

    public async Task<HostHeartbeatAnswer> RunAsync(Principal principal, HostHeartbeatRequest request, CancellationToken ct)
    {
        Check(request);
        var host = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<HostRow>(HostRow.ByIdOrName, new { host = request.Host }), ct);
        if (principal.Scope == Scopes.Host && principal.Subject is not null && principal.Subject != host?.Id)
            throw Refusal.Forbidden("This token belongs to another host.");

        var fingerprint = string.Join('\u001f', request.Cores, request.MemoryBytes, request.Capacity, request.System, request.Version);
        var known = host is null ? null : presence.Find(host.Id);
        if (host is null || known is null || known.Health != AgentHealth.Healthy || known.Fingerprint != fingerprint)
            host = await RegisterAsync(request, ct);
        presence.Hear(host.Id, null, fingerprint);
        if (request.Load is { } load) _loads[host.Id] = load;

        var agents = await AgentsAsync(host.Id, ct);
        if (request.Failed is { Count: > 0 } failed) await duties.FailDeploymentsAsync(host.Id, failed, ct);
        if (Changed(agents, request.Agents ?? [])) await ReportProcessesAsync(host.Id, request.Agents!, ct);
        return new HostHeartbeatAnswer
        {
            HostId = host.Id,
            Agents = [.. agents.Where(a => a.Definition is not null && a.Active).Select(a => a.ToInfo(presence.Find(a.Id), [], null))],
            Deployments = await duties.DeploymentsAsync(host.Id, ct),
            Jobs = await duties.RenewJobsAsync(host.Id, request.Jobs ?? [], ct),
            NextSeconds = 2,
        };
    }

    private async Task<List<AgentRow>> AgentsAsync(string hostId, CancellationToken ct) =>
        (await store.ReadAsync(c => c.QueryAsync<AgentRow>(AgentRow.Select + " WHERE a.host_id = @hostId ORDER BY a.name", new { hostId }), ct)).AsList();

    private static bool Changed(List<AgentRow> agents, IReadOnlyList<AgentProcess> processes) => processes.Any(p =>
        agents.Find(a => a.Id == p.AgentId) is { } agent && (agent.Deaths != p.Deaths || agent.Restarts != p.Restarts || agent.LastError != p.LastError));

    private Task ReportProcessesAsync(string hostId, IReadOnlyList<AgentProcess> processes, CancellationToken ct) => store.WriteAsync(tx =>
    {
        foreach (var process in processes)
        {
            var agent = AgentRow.Find(tx, process.AgentId);
            if (agent is null || agent.HostId != hostId) continue;
            // A daemon that lost its count starts again from nought; that is no death.
            if (process.Deaths > agent.Deaths) Bury(tx, agent, process);
            tx.ExecuteOne("UPDATE agents SET deaths = @Deaths, restarts = @Restarts, last_error = @LastError, updated_at = @Now WHERE id = @AgentId",
                new { process.Deaths, process.Restarts, process.LastError, tx.Now, process.AgentId });
            if (process.State == "given_up" && agent.LastError != process.LastError)
                tx.Emit(EventTypes.AgentGivenUp, $"Agent {agent.Name} keeps dying and is no longer restarted: {process.LastError}", agentId: agent.Id, data: new { name = agent.Name });
            tx.Notify(new AgentChanged(agent.Id, agent.Name));
        }
    }, ct);

    private static void Bury(StoreTransaction tx, AgentRow agent, AgentProcess process)
    {
        tx.Emit(EventTypes.AgentDied, $"Agent {agent.Name} died{(process.LastError is null ? "" : ": " + process.LastError)}", agentId: agent.Id, data: new { name = agent.Name });
        var open = tx.Query<AssignmentRow>(AssignmentRow.Select + " WHERE s.agent_id = @Id AND s.ended_at IS NULL", new { agent.Id });
        foreach (var assignment in open)
            EndAssignment.Lose(tx, assignment.TaskId, assignment.Epoch, AssignmentState.Died, process.LastError ?? "The agent's process ended.");
    }

    private Task<HostRow> RegisterAsync(HostHeartbeatRequest request, CancellationToken ct) => store.WriteAsync(tx =>
    {
        var before = HostRow.Find(tx, request.Host);
        var row = (before ?? new HostRow { Id = Ids.New(), Name = request.Host, CreatedAt = tx.Now }) with
        {
            Cores = request.Cores ?? before?.Cores ?? 1,
            MemoryBytes = request.MemoryBytes ?? before?.MemoryBytes ?? 0,
            Capacity = request.Capacity ?? before?.Capacity ?? request.Cores ?? 1,
            System = request.System ?? before?.System,
            Version = request.Version ?? before?.Version,
            Health = AgentHealth.Healthy,
            PlaneId = store.PlaneId,
            LastHeartbeat = tx.Now,
        };
        tx.ExecuteOne(
            """
            INSERT INTO hosts (id, name, cores, memory_bytes, capacity, system, version, health, plane_id, last_heartbeat, created_at)
            VALUES (@Id, @Name, @Cores, @MemoryBytes, @Capacity, @System, @Version, @Health, @PlaneId, @LastHeartbeat, @CreatedAt)
            ON CONFLICT (id) DO UPDATE SET cores = excluded.cores, memory_bytes = excluded.memory_bytes, capacity = excluded.capacity,
               system = excluded.system, version = excluded.version, health = excluded.health, plane_id = excluded.plane_id, last_heartbeat = excluded.last_heartbeat
            """, row);
        if (before is null) tx.Emit(EventTypes.HostRegistered, $"Host {row.Name} joined: {row.Cores} {(row.Cores == 1 ? "core" : "cores")}", data: new { name = row.Name, cores = row.Cores });
        else if (before.Health != row.Health) tx.Emit(EventTypes.HostStatusChanged, $"Host {row.Name} is {row.Health}", data: new { name = row.Name, health = row.Health });
        // Its agents are measured against its version.
        if (before is not null && before.Version != row.Version)
            foreach (var agent in tx.Query<(string Id, string Name)>("SELECT id, name FROM agents WHERE host_id = @Id", new { row.Id })) tx.Notify(new AgentChanged(agent.Id, agent.Name));
        if (store.IsShared) tx.Notify(new PresenceKept(row.Id, store.PlaneId));
        return row;
    }, ct);

    private static void Check(HostHeartbeatRequest request) => new Checked()
        .Require(Names.IsName(request.Host), "host", Names.Rule)
        .Require(request.Cores is null or (>= 1 and <= 4096), "cores", "cores is 1 to 4096.")
        .Require(request.Capacity is null or (>= 0 and <= 10_000), "capacity", "capacity is 0 to 10000.")
        .Line(request.System, "system", 200, required: false)
        .Line(request.Version, "version", 60, required: false)
        .Require(request.Agents is null || (request.Agents.Count <= 10_000 && request.Agents.All(a => a is { AgentId: not null, State: not null })), "agents", "At most 10000 agents, each with its id and state.")
        .Require(request.Failed is null || (request.Failed.Count <= 1000 && request.Failed.All(f => f is { DeploymentId: not null, Reason: not null })), "failed", "At most 1000 deployments, each with its id and the reason.")
        .ThrowIfWrong();
}

/// <summary>What a host is asked beside agents: jobs and deployments.</summary>
public interface IHostDuties
{
    Task<IReadOnlyList<Contracts.Delivery.DeploymentInfo>> DeploymentsAsync(string hostId, CancellationToken ct);

    /// <summary>Takes a host's word that deployments serve no longer.</summary>
    Task FailDeploymentsAsync(string hostId, IReadOnlyList<FailedDeployment> failed, CancellationToken ct);

    /// <summary>Renews the leases of jobs; in the order given, whether each is current.</summary>
    Task<IReadOnlyList<bool>> RenewJobsAsync(string hostId, IReadOnlyList<string> leases, CancellationToken ct);
}
