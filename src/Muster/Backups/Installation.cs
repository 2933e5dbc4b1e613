using Microsoft.Extensions.Logging.Abstractions;
using Muster.Commands;
using Muster.Connections;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Hosting;
using Muster.Integrations.Git;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;

namespace Muster.Backups;

/// <summary>The store and the mirrors of a plane, for commands that work on them without a plane or beside one.</summary>
/// <param name="folder">Its data folder.</param>
/// <param name="store">Address of its store; the embedded one of the folder when null.</param>
/// <param name="shared">Folder that it shares with other planes of its store; the data folder when null.</param>
internal sealed class Installation(string folder, string? store, string? shared = null)
{
    public string Folder { get; } = Path.GetFullPath(folder);

    /// <summary>Where mirrors and artifacts lie.</summary>
    public string Common { get; } = Path.GetFullPath(shared ?? folder);

    public string? Store { get; } = store;

    public IRowEngine Rows { get; } = store is not null && PostgresAddress.IsOne(store) ? new PostgresRows(PostgresAddress.Parse(store)) : new SqliteRows(Path.GetFullPath(folder));

    public IRepositoryCopies Repositories { get; } = new GitCopies(new GitOptions { Folder = Path.Combine(Path.GetFullPath(shared ?? folder), "projects") });

    /// <summary>The one that a command names: its data folder, and the store it runs on as <c>muster serve</c> would find it.</summary>
    public static Installation Of(Call call, string? store)
    {
        var folder = Path.GetFullPath(call.Get(Globals.Data) ?? Paths.DefaultData);
        var config = PlaneConfig.Read(folder);
        return new Installation(folder, store ?? StoreAddress.FromEnvironment ?? config.Store, Adapters.FromEnvironment().Shared ?? config.Shared);
    }

    /// <summary>Opens the store for writing. No plane may run on an embedded one.</summary>
    public Task<Store> OpenStoreAsync(CancellationToken ct, bool filling = false) => StoreAddress.OpenAsync(Store, Folder, NullLogger.Instance, ct, filling);
}
