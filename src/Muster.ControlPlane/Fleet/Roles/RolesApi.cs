using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet.Roles.Notes;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet.Roles;

public static class RolesApi
{
    public static void MapRoles(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Roles, List).WithName("ListRoles").Admit(Access.Read);
        routes.MapGet(Routes.Role, Get).WithName("GetRole").Admit(Access.Read);
        routes.MapGet(Routes.RoleNotes, Notes).WithName("GetRoleNotes").Admit(Access.Read);
        routes.MapPut(Routes.RoleNotes, WriteNotes).WithName("UpdateRoleNotes").Admit(Access.Steer);
        routes.MapDelete(Routes.RoleNote, ForgetNote).WithName("DeleteRoleNote").Admit(Access.Steer);
    }

    private static RolesInfo List(RoleCatalog roles, NoteBook notes) => new()
    {
        Roles = [.. roles.All.OrderBy(r => r.Name, StringComparer.Ordinal).Select(r => r.ToInfo(notes.NotesOf(r.Name).Count, whole: false))],
        Problems = roles.Problems,
        Folder = roles.OwnFolder,
    };

    private static RoleInfo Get(string name, RoleCatalog roles, NoteBook notes)
    {
        var role = roles.Get(name);
        return role.ToInfo(notes.NotesOf(role.Name).Count, whole: true) with { Text = File.Exists(role.File) ? File.ReadAllText(role.File) : null };
    }

    private static RoleNotes Notes(string name, RoleCatalog roles, NoteBook notes) => notes.Show(roles.Get(name).Name);

    // By turns with other planes, which write the same file.
    private static Task<RoleNotes> WriteNotes(string name, UpdateRoleNotes body, RoleCatalog roles, NoteBook notes, Store store, CancellationToken ct)
    {
        var role = roles.Get(name).Name;
        return store.WriteAsync(_ => notes.Write(role, body.Text), ct);
    }

    private static Task<RoleNotes> ForgetNote(string name, int number, RoleCatalog roles, NoteBook notes, Store store, CancellationToken ct)
    {
        var role = roles.Get(name).Name;
        return store.WriteAsync(_ => notes.Forget(role, number), ct);
    }
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
