using Muster.Client.Http;
using Muster.Contracts;
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

    /// <summary>One role with its text.</summary>
    public Task<RoleInfo> GetRoleAsync(string name, CancellationToken ct = default) => GetAsync<RoleInfo>(Query.At(Routes.Role, name), ct);
}
