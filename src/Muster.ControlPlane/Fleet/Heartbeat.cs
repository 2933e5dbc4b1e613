using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.ControlPlane.Fleet.Drifting;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Fleet;

/// <summary>An agent says that it is alive: registered when new, its leases renewed, told what it should do.</summary>
public sealed class Heartbeat(Store store, AgentDirectory agents, PresenceTable presence, SharedPresence shared, LeaseTable leases, AdoptLeases adopt, DriftWatch drift)
{
    public async Task<HeartbeatAnswer> RunAsync(Principal principal, HeartbeatRequest request, CancellationToken ct)
    {
        Check(request);
        var agent = await agents.FindAsync(request.Agent, ct);
        if (principal.Scope == Scopes.Agent && principal.Subject is not null && principal.Subject != agent?.Id)
            throw Refusal.Forbidden("This token belongs to another agent.");

        var fingerprint = Fingerprint(request);
        var known = agent is not null ? presence.Find(agent.Id) : null;
        if (agent is null || drift.HasNews(agent, request.Runs) || !IsKnown(agent, known, request, fingerprint)) agent = await RegisterAsync(request, agent, ct);
        presence.Hear(agent.Id, request.Status, fingerprint);
        // It was away, or with another plane. Many may come back at once, so none of them is written down by itself.
        if (known?.Health != AgentHealth.Healthy) presence.Tell(agent.Id);
        shared.Note(agent.Id);
        return Answer(agent, request.Runs, await RenewAsync(agent.Id, request.Leases ?? [], ct));
    }

    /// <summary>Whether the store would learn nothing about the agent: what it says was said before, or stands in its row.</summary>
    private static bool IsKnown(AgentRow row, Presence? known, HeartbeatRequest said, string fingerprint) =>
        known is null && row.Health == AgentHealth.Offline ? false
        : known?.Fingerprint == fingerprint ? known.Status == said.Status
        : row.Status == said.Status && Says(said.Version, row.Version) && (said.Rehearsal ?? row.Rehearsal) == row.Rehearsal
          && (said.Host is null || said.Host == row.HostName || said.Host == row.HostId)
          && (row.IsSupervised || row.IsDeclared && row.Model is not null || Says(said.Model, row.Model))
          && (row.IsSupervised
              || Says(said.Role, row.Role) && (said.Capacity ?? row.Capacity) == row.Capacity && (said.Labels is null || JsonSerializer.Serialize(said.Labels) == row.Labels));

    private static bool Says(string? said, string? stands) => said is null || said == stands;

    private async Task<IReadOnlyList<Renewed>> RenewAsync(string agentId, IReadOnlyList<string> texts, CancellationToken ct)
    {
        var named = texts.Select(text => LeaseToken.Read(text, store.LeaseKey)).ToList();
        // Who does not hear other planes does not know what ended there, and asks the store.
        var hears = store.Hears;
        var held = named.ConvertAll(token => hears && token is { } t && leases.Renew(t, agentId) is { } lease ? new Renewed(lease.AssignmentId, lease.Seconds) : null);
        for (var i = 0; i < held.Count; i++) held[i] ??= await AdoptAsync(named[i], agentId, ct);
        return held.ConvertAll(lease => lease ?? new Renewed(null, null));
    }

    /// <summary>An agent that comes from another plane keeps its lease here from now on. Alone, a plane knows all that are current.</summary>
    private async Task<Renewed?> AdoptAsync(LeaseToken? token, string agentId, CancellationToken ct)
    {
        if (!store.IsShared || token is not { } named || named.Incarnation != store.Incarnation) return null;
        return await store.WriteAsync(adopt, new NamedLease(named, agentId), ct) is { } assignment ? new Renewed(assignment, leases.Renew(named, agentId)?.Seconds) : null;
    }

    private Task<AgentRow> RegisterAsync(HeartbeatRequest request, AgentRow? known, CancellationToken ct) => store.WriteAsync(tx =>
    {
        var before = AgentRow.Find(tx, known?.Id ?? request.Agent);
        var hostId = request.Host is null ? before?.HostId : tx.QueryFirst<string>("SELECT id FROM hosts WHERE name = @Host OR id = @Host", new { request.Host });
        var row = (before ?? new AgentRow { Id = Ids.New(), Name = request.Agent, CreatedAt = tx.Now }) with
        {
            // What a person has declared, a program can no more than report.
            Role = before is { IsSupervised: true } ? before.Role : request.Role ?? before?.Role,
            Model = before is { IsDeclared: true, Model: not null } or { IsSupervised: true } ? before.Model : request.Model ?? before?.Model,
            HostId = hostId,
            Labels = before is { IsSupervised: true } || request.Labels is null ? before?.Labels ?? "[]" : JsonSerializer.Serialize(request.Labels),
            Capacity = before is { IsSupervised: true } ? before.Capacity : request.Capacity ?? before?.Capacity ?? 1,
            Version = request.Version ?? before?.Version,
            Rehearsal = request.Rehearsal ?? before?.Rehearsal ?? false,
            Status = request.Status,
            Health = AgentHealth.Healthy,
            PlaneId = store.PlaneId,
            LastHeartbeat = tx.Now,
            UpdatedAt = tx.Now,
        };
        row = drift.Apply(tx, row, request.Runs);
        if (before is null)
        {
            tx.ExecuteOne(
                """
                INSERT INTO agents (id, name, role, model, labels, host_id, capacity, desired, rehearsal, status, health, plane_id, version, runs, drift, last_heartbeat, created_at, updated_at)
                VALUES (@Id, @Name, @Role, @Model, @Labels, @HostId, @Capacity, @Desired, @Rehearsal, @Status, @Health, @PlaneId, @Version, @Runs, @Drift, @LastHeartbeat, @CreatedAt, @UpdatedAt)
                """, row);
            tx.Emit(EventTypes.AgentRegistered, $"Agent {row.Name} joined", agentId: row.Id, data: new { name = row.Name, role = row.Role });
        }
        else
        {
            tx.ExecuteOne(
                """
                UPDATE agents SET role = @Role, model = @Model, labels = @Labels, host_id = @HostId, capacity = @Capacity, rehearsal = @Rehearsal,
                       status = @Status, health = @Health, plane_id = @PlaneId, version = @Version, runs = @Runs, drift = @Drift, last_heartbeat = @LastHeartbeat, updated_at = @UpdatedAt WHERE id = @Id
                """, row);
            if (before.Status != row.Status || before.Health != row.Health)
                tx.Emit(EventTypes.AgentStatusChanged, $"Agent {row.Name} is {row.Health}, {row.Status ?? "silent"}", agentId: row.Id,
                    data: new { name = row.Name, health = row.Health, status = row.Status });
        }

        tx.Notify(new AgentChanged(row.Id, row.Name));
        if (store.IsShared) tx.Notify(new PresenceKept(row.Id, store.PlaneId));
        return row;
    }, ct);

    private HeartbeatAnswer Answer(AgentRow agent, AgentRuns? said, IReadOnlyList<Renewed> leases)
    {
        var commands = new List<AgentCommand>();
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
        if (drift.CallsForRestart(agent)) commands.Add(new AgentCommand { Kind = CommandKinds.Restart, Reason = "It runs something else than is declared." });
        return new HeartbeatAnswer
        {
            AgentId = agent.Id,
            Agent = agent.Name,
            Leases = [.. leases.Select(l => new LeaseAnswer { AssignmentId = l.AssignmentId, Current = l.AssignmentId is not null })],
            Commands = commands,
            Desired = agent.Active ? agent.Desired : DesiredState.Stopped,
            // Four chances to renew before the shortest lease runs out.
            NextSeconds = Math.Clamp(leases.Min(l => l.Seconds) is { } shortest ? shortest / 4.0 : 5, 0.5, 5),
            AskRuns = said is null && agent.Runs is null,
        };
    }

    private static void Check(HeartbeatRequest request) => new Checked()
        .Require(Names.IsName(request.Agent), "agent", Names.Rule)
        .Line(request.Role, "role", 60, required: false)
        .Line(request.Model, "model", 100, required: false)
        .Line(request.Version, "version", 60, required: false)
        .Line(request.Status, "status", 60, required: false)
        .Labels(request.Labels)
        .Line(request.Runs?.Process, "runs.process", 100, required: false)
        .Line(request.Runs?.Model, "runs.model", 200, required: false)
        .Line(request.Runs?.Version, "runs.version", 60, required: false)
        .Line(request.Runs?.Settings, "runs.settings", 100, required: false)
        .Line(request.Runs?.Role, "runs.role", 60, required: false)
        .Line(request.Runs?.RoleHash, "runs.roleHash", 100, required: false)
        .Require(request.Capacity is null or (>= 0 and <= 1000), "capacity", "capacity is 0 to 1000.")
        .Require(request.Leases is null or { Count: <= 1000 }, "leases", "At most 1000 leases in one heartbeat.")
        .ThrowIfWrong();

    /// <summary>A lease that is current, with its length where that is known; no assignment where it is lost.</summary>
    private sealed record Renewed(string? AssignmentId, int? Seconds);

    private static string Fingerprint(HeartbeatRequest r) =>
        string.Join('\u001f', r.Role, r.Model, r.Host, r.Capacity, r.Version, r.Rehearsal, r.Labels is null ? null : string.Join('\u001e', r.Labels));
}
