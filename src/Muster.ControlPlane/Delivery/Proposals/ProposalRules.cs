using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Fleet.Specialists;
using Muster.ControlPlane.Models.Recording;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Proposals;

/// <summary>Who may propose a role, and what.</summary>
internal static class ProposalRules
{
    /// <summary>Proposals of one task: an agent that goes round in circles fills nobody's desk.</summary>
    private const int OfOneTask = 3;

    private static readonly SecretText Secrets = new([]);

    /// <summary>The role that the text makes.</summary>
    public static Role Check(string name, ProposeRole body, Role? now)
    {
        new Checked()
            .Require(Names.IsName(name) && name.Length <= 40, "role", $"{Names.Rule} A role's has at most 40.")
            .Text(body.Why, "why", 2000)
            .Text(body.Text, "text", RoleFile.MostBytes)
            .Require(body.Text is null || !Secrets.IsIn($"{body.Why} {body.Text}"), "text", "That looks like a secret. A role is told to models; keep keys and passwords out of it.")
            .ThrowIfWrong();
        if (now?.Source == RoleSources.Specialist) throw Refusal.WrongState($"{name} is a specialist: it lives for a time, and its text with it. Retire it and make another.");
        Role proposed;
        try
        {
            proposed = RoleFile.Parse(name, body.Text!, name + ".md", RoleSources.Own);
        }
        catch (RoleFault fault)
        {
            throw Refusal.Invalid("text", $"{name}.md{(fault.Line is { } line ? $":{line}" : "")}: {fault.Message}");
        }

        return now?.Hash == proposed.Hash ? throw Refusal.WrongState($"The role {name} says this already.") : proposed;
    }

    /// <summary>A person, or an agent in the role seed under the lease of its task; answers the task.</summary>
    public static TaskRow? Admit(StoreTransaction tx, Store store, string? lease, Principal principal)
    {
        if (lease is null) return principal.MaySteer ? null : throw Refusal.LeaseRequired();
        var task = Leases.Require(tx, store, lease);
        var role = task.Role ?? tx.QueryFirst<string>("SELECT role FROM agents WHERE id = @AgentId", new { task.AgentId });
        if (role != SpecialistRules.Seed) throw Refusal.Forbidden("Only Seed and people propose roles. Say in your lesson or your summary what your role lacks.");
        var made = tx.QueryFirst<int>("SELECT COUNT(*) FROM tasks WHERE parent_id = @Id AND branch LIKE 'proposal/%'", new { task.Id });
        return made < OfOneTask ? task : throw Refusal.WrongState($"This task has made {made} proposals, the most that one may make. A person decides about them first.");
    }
}
