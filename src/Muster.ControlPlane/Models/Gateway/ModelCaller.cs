using Muster.ControlPlane.Models.Recording;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Models.Gateway;

/// <summary>On whose behalf a model is asked: whose budgets are used, and who stands in the ledger.</summary>
public sealed record ModelCaller
{
    /// <summary>The Chief of Staff is the plane itself and claims no tasks; its calls stand under its role.</summary>
    public const string ChiefAgent = "cos";
    private const string ChiefRole = "chief-of-staff";
    private const string HandIns = "SELECT CAST(COUNT(*) AS INTEGER) FROM assignments s WHERE s.task_id = t.id AND s.epoch < t.epoch AND s.status = 'completed'";

    public string? TaskId { get; init; }
    public string? TaskKey { get; init; }
    public int Epoch { get; init; }
    public string? AssignmentId { get; init; }
    public string? AgentId { get; init; }
    public string? AgentName { get; init; }
    public string? ProjectId { get; init; }
    public string? Role { get; init; }
    public string? Issue { get; init; }
    public string? Title { get; init; }

    /// <summary>How often the task was handed in before.</summary>
    public int Round { get; init; }

    /// <summary>Where in the life of its task it is; null where there is none.</summary>
    public RunPlace? Place => Title is null ? null : new RunPlace(Issue, Title, Round);

    /// <summary>The holder of a lease that is current now; refuses any other.</summary>
    public static ModelCaller OfLease(StoreTransaction tx, Store store, string lease)
    {
        var held = Leases.Read(store, lease);
        return tx.QueryFirst<ModelCaller>(
            $"""
            SELECT t.id AS task_id, p.key || '-' || t.number AS task_key, t.epoch, t.assignment_id, t.agent_id, a.name AS agent_name, t.project_id, COALESCE(a.role, t.role) AS role,
                   t.issue_number AS issue, t.title, CASE WHEN t.epoch = 1 THEN 0 ELSE ({HandIns}) END AS round
              FROM tasks t JOIN projects p ON p.id = t.project_id LEFT JOIN agents a ON a.id = t.agent_id
             WHERE {Leases.Holds}
            """, held) ?? throw Refusal.LeaseLost();
    }

    /// <summary>The plane itself, in the name of one of its agents, or a person who tries a model.</summary>
    public static ModelCaller OfAgent(StoreTransaction tx, string? agent, string? projectId)
    {
        if (agent == ChiefAgent) return new ModelCaller { AgentName = agent, Role = ChiefRole, ProjectId = projectId };
        var row = agent is null ? null : tx.QueryFirst<AgentFacts>("SELECT id, name, role FROM agents WHERE name = @agent", new { agent });
        return new ModelCaller { AgentId = row?.Id, AgentName = agent, Role = row?.Role, ProjectId = projectId };
    }

    private sealed record AgentFacts
    {
        public string? Id { get; init; }
        public string Name { get; init; } = "";
        public string? Role { get; init; }
    }
}

/// <summary>How a caller proves who it is: by a lease, or as somebody the plane has admitted already.</summary>
/// <param name="Lease">The token of a lease, checked in the transaction that admits the call.</param>
/// <param name="Agent">Name of the agent whose budgets are used, where there is no lease.</param>
/// <param name="ProjectId">The same for the project.</param>
public sealed record ModelCredential(string? Lease, string? Agent = null, string? ProjectId = null)
{
    public ModelCaller Find(StoreTransaction tx, Store store) => Lease is null ? ModelCaller.OfAgent(tx, Agent, ProjectId) : ModelCaller.OfLease(tx, store, Lease);

    public override string ToString() => Lease is null ? $"agent {Agent}" : "a lease";
}
