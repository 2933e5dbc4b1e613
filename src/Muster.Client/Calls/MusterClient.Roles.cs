using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Which roles there are, without their texts, and which files define none although they should.</summary>
    public Task<RolesInfo> ListRolesAsync(CancellationToken ct = default) => GetAsync<RolesInfo>(Routes.Roles, ct);

    /// <summary>What agents of a role have learnt.</summary>
    public Task<RoleNotes> GetRoleNotesAsync(string name, CancellationToken ct = default) => GetAsync<RoleNotes>(Query.At(Routes.RoleNotes, name), ct);

    /// <summary>Puts another text in the place of a role's notes.</summary>
    public Task<RoleNotes> UpdateRoleNotesAsync(string name, UpdateRoleNotes body, CallOptions? call = null, CancellationToken ct = default) =>
        PutAsync<RoleNotes>(Query.At(Routes.RoleNotes, name), body, call, ct);

    /// <summary>Takes one note away; answers what is left.</summary>
    public Task<RoleNotes> DeleteRoleNoteAsync(string name, int number, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync<RoleNotes>(Routes.With(Routes.RoleNote, name, number.ToString(System.Globalization.CultureInfo.InvariantCulture)), call, ct);

    /// <summary>Agents that agents made for a time.</summary>
    /// <param name="state"><c>active</c> or <c>retired</c>; both when null.</param>
    /// <param name="cursor">The page to go on with.</param>
    /// <param name="limit">Most entries of a page.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<Page<SpecialistInfo>> ListSpecialistsAsync(string? state = null, string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<SpecialistInfo>>(new Query(Routes.Specialists).Add("state", state).Page(cursor, limit), ct);

    /// <summary>Makes a specialist for the task whose lease goes with the call.</summary>
    public Task<SpecialistInfo> SpawnSpecialistAsync(SpawnSpecialist body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<SpecialistInfo>(Routes.Specialists, body, call, ct);

    /// <summary>Ends a specialist: it finishes what it holds; what waits for it goes back to Seed.</summary>
    public Task<SpecialistInfo> RetireSpecialistAsync(string id, RetireSpecialist body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<SpecialistInfo>(Query.At(Routes.SpecialistRetire, id), body, call, ct);

    /// <summary>Proposes a change of a role, or a new one: a pull request that a person approves.</summary>
    public Task<PullInfo> ProposeRoleAsync(string name, ProposeRole body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<PullInfo>(Query.At(Routes.RoleProposals, name), body, call, ct);

    /// <summary>One role with its text.</summary>
    public Task<RoleInfo> GetRoleAsync(string name, CancellationToken ct = default) => GetAsync<RoleInfo>(Query.At(Routes.Role, name), ct);
}
