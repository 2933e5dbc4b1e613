using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet.Drifting;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Fleet;

/// <summary>Tells agents what to be: running, paused, draining, stopped. Stopping takes their tasks back.</summary>
public sealed class Steering(Writes writes, PresenceTable presence, DriftWatch drift)
{
    public Task<AgentInfo> SetAsync(string id, string desired, CancellationToken ct) => writes.RunAsync(null, tx =>
    {
        var agent = AgentRow.Get(tx, id);
        tx.ExecuteOne("UPDATE agents SET desired = @desired, active = CASE WHEN @desired = 'running' THEN 1 ELSE active END, updated_at = @Now WHERE id = @Id",
            new { desired, tx.Now, agent.Id });
        if (desired == DesiredState.Stopped) TakeBack(tx, agent, "The agent was stopped.");
        tx.Emit(EventTypes.AgentStatusChanged, $"Agent {agent.Name} was told to be {desired}", agentId: agent.Id, data: new { name = agent.Name, desired });
        tx.Notify(new AgentChanged(agent.Id, agent.Name));
        if (desired == DesiredState.Running) tx.Notify(new ClaimsMayLook());
        return (agent with { Desired = desired, Active = agent.Active || desired == DesiredState.Running }).ToInfo(presence.Find(agent.Id), [], drift.Show(agent));
    }, ct);

    public Task<AgentInfo> DeactivateAsync(string id, CancellationToken ct) => writes.RunAsync(null, tx =>
    {
        var agent = AgentRow.Get(tx, id);
        tx.ExecuteOne("UPDATE agents SET active = 0, desired = 'stopped', health = 'offline', updated_at = @Now WHERE id = @Id", new { tx.Now, agent.Id });
        TakeBack(tx, agent, "The agent was deactivated.");
        tx.Emit(EventTypes.AgentStatusChanged, $"Agent {agent.Name} was deactivated", agentId: agent.Id, data: new { name = agent.Name, active = false });
        tx.Notify(new AgentChanged(agent.Id, agent.Name));
        presence.Forget(agent.Id);
        return (agent with { Active = false, Desired = DesiredState.Stopped, Health = AgentHealth.Offline }).ToInfo(null, [], null);
    }, ct);

    private static void TakeBack(StoreTransaction tx, AgentRow agent, string reason)
    {
        foreach (var open in tx.Query<AssignmentRow>(AssignmentRow.Select + " WHERE s.agent_id = @Id AND s.ended_at IS NULL", new { agent.Id }))
        {
            var task = tx.QueryFirst<TaskRow>(TaskQueries.ById, new { id = open.TaskId })!;
            TaskTransitions.CloseAssignment(tx, task, AssignmentState.Revoked, reason);
            TaskTransitions.EndAttempt(tx, task, AssignmentState.Revoked, reason, blame: false);
        }
    }
}
