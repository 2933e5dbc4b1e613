using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Fleet.Roles.Notes;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Puts together what an agent gets with a task: the lease, the way to git, the attempt before, its role.</summary>
public sealed class ClaimAnswers(Store store, IClaimGit git, RoleCatalog roles, IRoleNotes notes)
{
    /// <inheritdoc cref="IClaimGit.ReadyAsync"/>
    public Task ReadyAsync(CancellationToken ct) => git.ReadyAsync(ct);

    public ClaimedTask Of(ClaimedRow claimed) => new()
    {
        Assignment = claimed.Assignment.ToInfo(),
        Task = TaskReader.Bare(claimed.Task),
        Lease = Leases.Issue(store, claimed.Task.Id, claimed.Task.Epoch),
        LeaseSeconds = claimed.Project.LeaseSeconds,
        Git = GitOf(claimed),
        Previous = claimed.Previous,
        Role = RoleOf(claimed) is { } role ? role.ToBrief(notes.NotesOf(role.Name)) : null,
    };

    private GitWork? GitOf(ClaimedRow claimed)
    {
        var work = git.For(claimed.Project, claimed.Task, claimed.Assignment.AgentName);
        return claimed.Trial is { } trial ? work! with { TargetSha = trial.BaseSha } : work;
    }

    private Role? RoleOf(ClaimedRow claimed)
    {
        if (claimed.Trial is not { } trial) return roles.Find(claimed.Role);
        var role = trial.ReadRole();
        roles.TryOut(role.Hash);
        return role;
    }
}
