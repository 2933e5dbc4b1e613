using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Fleet;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Which roles there are, without their texts, and which files define none although they should.</summary>
    public Task<RolesInfo> ListRolesAsync(CancellationToken ct = default) => GetAsync<RolesInfo>(Routes.Roles, ct);

    /// <summary>One role with its text.</summary>
    public Task<RoleInfo> GetRoleAsync(string name, CancellationToken ct = default) => GetAsync<RoleInfo>(Query.At(Routes.Role, name), ct);
}
