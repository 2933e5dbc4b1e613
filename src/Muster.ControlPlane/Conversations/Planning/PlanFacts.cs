using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations.Planning;

/// <summary>What a plan is checked against and made from: facts of the plane at one moment.</summary>
internal sealed record PlanFacts
{
    public required IReadOnlyList<ProjectRow> Projects { get; init; }
    public required RoleCatalog Roles { get; init; }
    public required ChiefOptions Limits { get; init; }

    /// <summary>The project that the person named; any when null.</summary>
    public ProjectRow? Only { get; init; }

    /// <summary>What the person said, in whose words a new repository must stand.</summary>
    public required IReadOnlyList<string> Words { get; init; }
    public double? BudgetUsd { get; init; }

    /// <summary>Running agents by role; null is any role.</summary>
    public required IReadOnlyList<(string? Role, int Agents)> Agents { get; init; }

    public ProjectRow? Project(string? key) => key is null ? null : Projects.FirstOrDefault(p => string.Equals(p.Key, key, StringComparison.OrdinalIgnoreCase) || p.Id == key);
}
