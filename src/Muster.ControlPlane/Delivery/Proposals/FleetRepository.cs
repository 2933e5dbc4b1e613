using Dapper;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Origins;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Proposals;

/// <summary>
/// The folder of one's own roles as a project like any other: its repository lies in the folder itself, what is merged is given back
/// there, and so takes effect. What a person changes in the folder by hand is committed for them.
/// </summary>
public sealed class FleetRepository(Store store, IRepositories repositories, OriginSync origins, ControlPlaneOptions options)
{
    public const string Key = "FLEET";

    /// <summary>Not of a person's making, or kept in other ways.</summary>
    private static readonly string[] LeftOut = ["/notes/", "/specialists/", "*.new", "*~", ".*.sw?"];

    /// <summary>Of all planes that share a store the same, so that a change reaches each of them.</summary>
    public string Folder { get; } = Path.GetFullPath(Path.Combine(options.Common, "roles"));

    /// <summary>Whether a project is the one whose files are the fleet's roles.</summary>
    public bool Is(ProjectRow project) => project.Repository == Folder;

    public Task<ProjectRow?> FindAsync(CancellationToken ct) =>
        store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ProjectRow?>(ProjectRow.Select + " WHERE repository = @Folder", new { Folder }), ct);

    /// <summary>The project with all that was changed by hand; made with the first proposal.</summary>
    public async Task<ProjectRow> ReadyAsync(CancellationToken ct)
    {
        await repositories.KeepAsync(Folder, LeftOut, ct);
        var project = await FindAsync(ct) ?? await CreateAsync(ct);
        await origins.SyncAsync(project, ct);
        return project;
    }

    /// <summary>Takes in what was changed by hand, where the project is there.</summary>
    public async Task TakeInAsync(CancellationToken ct)
    {
        if (await FindAsync(ct) is { } project && await repositories.KeepAsync(Folder, LeftOut, ct)) await origins.SyncAsync(project, ct);
    }

    private async Task<ProjectRow> CreateAsync(CancellationToken ct)
    {
        var id = Ids.New();
        var made = await origins.CreateAsync(id, Folder, null, ct);
        var body = new CreateProject
        {
            Name = "Roles of the fleet",
            Key = Key,
            Repository = Folder,
            Contract = "commit + pr(merged)",
            Review = ReviewPolicies.Person,
            PushBack = true,
        };
        try
        {
            return await store.WriteAsync(tx => tx.QueryFirst<int>("SELECT COUNT(*) FROM projects WHERE repository = @Folder", new { Folder }) == 0
                ? ProjectsApi.Insert(tx, id, body, new Mirrored(made.TargetBranch, body.Contract))
                : throw new Refusal(409, ProblemCodes.Conflict, "Another proposal has just made the project of the roles. Send this one again."), ct);
        }
        catch (Refusal refusal)
        {
            origins.Delete(id);
            throw refusal.Code != ProblemCodes.Duplicate ? refusal : new Refusal(409, ProblemCodes.Duplicate,
                $"A project of yours has the key {Key}. Add the roles under another one: muster project add {Folder} --key ROLES --review person --push-back true");
        }
    }
}
