using Muster.Commands;
using Muster.Connections;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Git;
using Muster.Integrations.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Muster.Backups;

/// <summary>The store and the mirrors of a data folder, for commands that work on them without a plane or beside one.</summary>
internal sealed class Installation(string folder)
{
    public string Folder { get; } = Path.GetFullPath(folder);

    public IRowEngine Rows { get; } = new SqliteRows(Path.GetFullPath(folder));

    public IRepositoryCopies Repositories { get; } = new GitCopies(new GitOptions { Folder = Path.Combine(Path.GetFullPath(folder), "projects") });

    public static Installation Of(Call call) => new(call.Get(Globals.Data) ?? Paths.DefaultData);

    /// <summary>Opens the store for writing. No plane may run on it.</summary>
    public Store OpenStore() => SqliteStore.Open(Folder, TimeProvider.System, NullLogger.Instance);
}
