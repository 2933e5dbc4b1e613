using Muster.Contracts;
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

    public string? TaskId { get; init; }
    public string? TaskKey { get; init; }
    public int Epoch { get; init; }
    public string? AssignmentId { get; init; }
    public string? AgentId { get; init; }
    public string? AgentName { get; init; }
    public string? ProjectId { get; init; }
    public string? Role { get; init; }

    /// <summary>The holder of a lease that is current now; refuses any other.</summary>
    public static ModelCaller OfLease(StoreTransaction tx, Store store, string lease)
    {
        var task = Leases.Require(tx, store, lease);
        var agent = tx.QueryFirst<AgentFacts>("SELECT name, role FROM agents WHERE id = @AgentId", new { task.AgentId });
        return new ModelCaller
        {
            TaskId = task.Id,
            TaskKey = task.Key,
            Epoch = task.Epoch,
            AssignmentId = task.AssignmentId,
            AgentId = task.AgentId,
            AgentName = agent?.Name,
            ProjectId = task.ProjectId,
            Role = agent?.Role ?? task.Role,
        };
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
