using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet.Roles;

namespace Muster.ControlPlane.Fleet.Drifting;

/// <summary>What is kept of an agent's drift, also for a while after it has ended: one that comes back is not cured.</summary>
public sealed record DriftState
{
    public required long Since { get; init; }
    public long? EndedAt { get; init; }
    public required IReadOnlyList<DriftItem> Items { get; init; }

    /// <summary>What was declared then; once it changes, restarts are counted anew.</summary>
    public required string Declared { get; init; }
    public string? Process { get; init; }
    public int Restarts { get; init; }

    public bool IsOpen => EndedAt is null;

    public bool Equals(DriftState? other) => other is not null && Since == other.Since && EndedAt == other.EndedAt && Items.SequenceEqual(other.Items)
        && Declared == other.Declared && Process == other.Process && Restarts == other.Restarts;

    public override int GetHashCode() => HashCode.Combine(Since, EndedAt, Items.Count, Declared, Process, Restarts);
}

/// <summary>Compares what an agent runs with what is declared. Pure.</summary>
public static class Drift
{
    /// <summary>Restarts after which a drift is only told of: what three did not cure, a fourth will not.</summary>
    public const int MostRestarts = 3;

    /// <summary>For so long a drift that ended is remembered, so that one which a restart cures for a minute does not go on for ever.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    public static IReadOnlyList<DriftItem> Compare(AgentRow declared, AgentRuns? runs, Role? ownRole, Role? roleInHand)
    {
        if (runs is null) return [];
        List<DriftItem> items = [];
        var model = declared.Model ?? ownRole?.Route;
        if (declared.IsDeclared && (declared.Model is not null ? runs.Model != declared.Model && (runs.Model is not null || declared.IsSupervised) : model is not null && runs.Model is not null && runs.Model != model))
            items.Add(new DriftItem(DriftKinds.Model, model!, runs.Model ?? "its role's"));
        if (declared.IsSupervised && runs.Settings is { } settings && settings != declared.SettingsHash)
            items.Add(new DriftItem(DriftKinds.Settings, declared.SettingsHash, settings));
        if (declared is { IsSupervised: true, IsOwnProgram: false, HostVersion: { } version } && runs.Version is { } other && other != version)
            items.Add(new DriftItem(DriftKinds.Version, version, other));
        if (runs.RoleHash is { } hash && roleInHand is { } role && role.Hash != hash)
            items.Add(new DriftItem(DriftKinds.Role, role.Hash, hash));
        return items;
    }

    /// <summary>What was declared, as far as a restart can bring it about.</summary>
    public static string DeclaredOf(AgentRow row) => $"{row.Model} {row.SettingsHash} {row.HostVersion}";

    public static DriftState? Judge(DriftState? before, IReadOnlyList<DriftItem> items, AgentRuns? runs, string declared, long now)
    {
        if (items.Count == 0)
        {
            if (before is null or { EndedAt: null }) return before is null ? null : before with { EndedAt = now, Items = [] };
            return now - before.EndedAt > (long)Remembered.TotalMilliseconds ? null : before;
        }

        if (before is null || before.Declared != declared || now - before.EndedAt > (long)Remembered.TotalMilliseconds)
            return new DriftState { Since = now, Items = items, Declared = declared, Process = runs?.Process };
        return before with
        {
            Since = before.IsOpen ? before.Since : now,
            EndedAt = null,
            Items = items,
            Process = runs?.Process,
            Restarts = before.Restarts + (before.Process != runs?.Process ? 1 : 0),
        };
    }

    /// <summary>Whether a new start may bring about what is declared.</summary>
    public static bool CallsForRestart(DriftState? state, AgentRow row, string policy) =>
        policy == DriftPolicies.Restart && row.IsSupervised && state is { IsOpen: true, Restarts: < MostRestarts } && state.Items.Any(i => i.What != DriftKinds.Role);
}
