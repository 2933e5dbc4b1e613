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
        Git = git.For(claimed.Project, claimed.Task, claimed.Assignment.AgentName),
        Previous = claimed.Previous,
        Role = roles.Find(claimed.Role) is { } role ? role.ToBrief(notes.NotesOf(role.Name)) : null,
    };
}
