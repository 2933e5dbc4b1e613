using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Security;

namespace Muster.ControlPlane.Fleet.Roles;

public static class RolesApi
{
    public static void MapRoles(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Roles, List).WithName("ListRoles").Admit(Access.Read);
        routes.MapGet(Routes.Role, Get).WithName("GetRole").Admit(Access.Read);
    }

    private static RolesInfo List(RoleCatalog roles) => new()
    {
        Roles = [.. roles.All.OrderBy(r => r.Name, StringComparer.Ordinal).Select(r => r.ToInfo(whole: false))],
        Problems = roles.Problems,
        Folder = roles.OwnFolder,
    };

    private static RoleInfo Get(string name, RoleCatalog roles) => roles.Get(name).ToInfo(whole: true);
}

/// <summary>Says at start which files define no role, and why.</summary>
public sealed partial class RoleReport(RoleCatalog roles, ILogger<RoleReport> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var problem in roles.Problems) Wrong(problem.File, problem.Line ?? 1, problem.Message);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Error, Message = "{File}:{Line}: {Message} The other roles are not touched by it.")]
    private partial void Wrong(string file, int line, string message);
}
