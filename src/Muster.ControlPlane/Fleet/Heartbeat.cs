using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Fleet;

/// <summary>An agent says that it is alive: registered when new, its leases renewed, told what it should do.</summary>
public sealed class Heartbeat(Store store, AgentDirectory agents, PresenceTable presence, SharedPresence shared, LeaseTable leases)
{
    public async Task<HeartbeatAnswer> RunAsync(Principal principal, HeartbeatRequest request, CancellationToken ct)
    {
        Check(request);
        var agent = await agents.FindAsync(request.Agent, ct);
        if (principal.Scope == Scopes.Agent && principal.Subject is not null && principal.Subject != agent?.Id)
            throw Refusal.Forbidden("This token belongs to another agent.");

        var fingerprint = Fingerprint(request);
        var known = agent is not null ? presence.Find(agent.Id) : null;
        if (agent is null || known is null || known.Health != AgentHealth.Healthy || known.Fingerprint != fingerprint || known.Status != request.Status)
            agent = await RegisterAsync(request, agent, ct);
        presence.Hear(agent.Id, request.Status, fingerprint);
        shared.Note(agent.Id);
        return Answer(agent, request);
    }

    private Task<AgentRow> RegisterAsync(HeartbeatRequest request, AgentRow? known, CancellationToken ct) => store.WriteAsync(tx =>
    {
        var before = AgentRow.Find(tx, known?.Id ?? request.Agent);
        var hostId = request.Host is null ? before?.HostId : tx.QueryFirst<string>("SELECT id FROM hosts WHERE name = @Host OR id = @Host", new { request.Host });
        var row = (before ?? new AgentRow { Id = Ids.New(), Name = request.Agent, CreatedAt = tx.Now }) with
        {
            Role = request.Role ?? before?.Role,
            Model = request.Model ?? before?.Model,
            HostId = hostId,
            Labels = request.Labels is null ? before?.Labels ?? "[]" : JsonSerializer.Serialize(request.Labels),
            Capacity = request.Capacity ?? before?.Capacity ?? 1,
            Version = request.Version ?? before?.Version,
            Rehearsal = request.Rehearsal ?? before?.Rehearsal ?? false,
            Status = request.Status,
            Health = AgentHealth.Healthy,
            LastHeartbeat = tx.Now,
            UpdatedAt = tx.Now,
        };
        if (before is null)
        {
            tx.ExecuteOne(
                """
                INSERT INTO agents (id, name, role, model, labels, host_id, capacity, desired, rehearsal, status, health, version, last_heartbeat, created_at, updated_at)
                VALUES (@Id, @Name, @Role, @Model, @Labels, @HostId, @Capacity, @Desired, @Rehearsal, @Status, @Health, @Version, @LastHeartbeat, @CreatedAt, @UpdatedAt)
                """, row);
            tx.Emit(EventTypes.AgentRegistered, $"Agent {row.Name} joined", agentId: row.Id, data: new { name = row.Name, role = row.Role });
        }
        else
        {
            tx.ExecuteOne(
                """
                UPDATE agents SET role = @Role, model = @Model, labels = @Labels, host_id = @HostId, capacity = @Capacity, rehearsal = @Rehearsal,
                       status = @Status, health = @Health, version = @Version, last_heartbeat = @LastHeartbeat, updated_at = @UpdatedAt WHERE id = @Id
                """, row);
            if (before.Status != row.Status || before.Health != row.Health)
                tx.Emit(EventTypes.AgentStatusChanged, $"Agent {row.Name} is {row.Health}, {row.Status ?? "silent"}", agentId: row.Id,
                    data: new { name = row.Name, health = row.Health, status = row.Status });
        }

        tx.Notify(new AgentChanged(row.Id, row.Name));
        return row;
    }, ct);

    private HeartbeatAnswer Answer(AgentRow agent, HeartbeatRequest request)
    {
        var answers = new List<LeaseAnswer>();
        var commands = new List<AgentCommand>();
        var shortest = 20;
        foreach (var text in request.Leases ?? [])
        {
            var lease = LeaseToken.Read(text, store.LeaseKey) is { } token ? leases.Renew(token, agent.Id) : null;
            answers.Add(new LeaseAnswer { AssignmentId = lease?.AssignmentId, Current = lease is not null });
            if (lease is not null) shortest = Math.Min(shortest, lease.Seconds);
        }

        if (agent.Desired != DesiredState.Running || !agent.Active)
            commands.Add(new AgentCommand
            {
                Kind = !agent.Active ? CommandKinds.Stop : agent.Desired switch
                {
                    DesiredState.Paused => CommandKinds.Pause,
                    DesiredState.Draining => CommandKinds.Drain,
                    _ => CommandKinds.Stop,
                },
            });
        return new HeartbeatAnswer
        {
            AgentId = agent.Id,
            Agent = agent.Name,
            Leases = answers,
            Commands = commands,
            Desired = agent.Active ? agent.Desired : DesiredState.Stopped,
            // Four chances to renew before the shortest lease runs out.
            NextSeconds = Math.Clamp(shortest / 4.0, 0.5, 5),
        };
    }

    private static void Check(HeartbeatRequest request) => new Checked()
        .Require(Names.IsName(request.Agent), "agent", Names.Rule)
        .Line(request.Role, "role", 60, required: false)
        .Line(request.Model, "model", 100, required: false)
        .Line(request.Version, "version", 60, required: false)
        .Line(request.Status, "status", 60, required: false)
        .Labels(request.Labels)
        .Require(request.Capacity is null or (>= 0 and <= 1000), "capacity", "capacity is 0 to 1000.")
        .Require(request.Leases is null or { Count: <= 1000 }, "leases", "At most 1000 leases in one heartbeat.")
        .ThrowIfWrong();

    private static string Fingerprint(HeartbeatRequest r) =>
        string.Join('\u001f', r.Role, r.Model, r.Host, r.Capacity, r.Version, r.Rehearsal, r.Labels is null ? null : string.Join('\u001e', r.Labels));
}
