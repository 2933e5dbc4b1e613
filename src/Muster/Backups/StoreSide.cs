using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Hosting;
using Muster.Integrations.Git;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;

namespace Muster.Backups;

/// <summary>One side of a move: a data folder with an embedded store, or a database on a server.</summary>
internal sealed class StoreSide
{
    private readonly string? _address;

    private StoreSide(string? folder, string? address, IRowEngine rows) => (Folder, _address, Rows) = (folder, address, rows);

    /// <summary>The data folder; null for a database.</summary>
    public string? Folder { get; }

    public IRowEngine Rows { get; }

    public string Name => _address ?? Folder!;

    public static StoreSide Parse(string text)
    {
        if (PostgresAddress.IsOne(text)) return new StoreSide(null, text, new PostgresRows(PostgresAddress.Parse(text)));
        if (text.Contains("://", StringComparison.Ordinal)) throw new CommandException("That is no address of a store.", "Name a data folder, or postgres://USER:PASSWORD@HOST/DATABASE.") { Code = ExitCodes.BadUsage };
        var folder = Path.GetFullPath(text).TrimEnd('/');
        return new StoreSide(folder, null, new SqliteRows(folder));
    }

    /// <summary>An embedded store belongs to one process; a database is held by <see cref="IRowEngine.HoldAsync"/>.</summary>
    public DataFolder? Hold() => Folder is null ? null : DataFolder.Open(Folder);

    public Task<Store> OpenAsync(CancellationToken ct) => StoreAddress.OpenAsync(_address, Folder ?? "", NullLogger.Instance, ct, filling: true);

    /// <summary>Where planes look for mirrors and artifacts once this store has become the other.</summary>
    public FilesBeside FilesAfter(StoreSide target) => new(
        target.Folder is { } folder ? Shared(folder) : Folder is { } old ? Shared(old) : Shared(Path.GetFullPath(Adapters.FromEnvironment().Shared ?? Connections.Paths.DefaultData)));

    private static string Shared(string folder) => Path.GetFullPath(Adapters.FromEnvironment().Shared ?? PlaneConfig.Read(folder).Shared ?? folder);
}

/// <summary>What the store names and does not hold: artifacts, and commits in mirrors.</summary>
internal sealed record FilesBeside(string Folder)
{
    public async Task<(int Artifacts, int Commits, bool None)> MissingAsync(IRowEngine rows, CancellationToken ct)
    {
        await using var snapshot = await rows.OpenSnapshotAsync(ct, filling: true);
        var artifacts = (await snapshot.QueryAsync<string>("SELECT DISTINCT sha256 FROM artifacts")).Count(sha => !File.Exists(Path.Combine(Folder, "artifacts", sha[..2], sha)));
        var commits = (await VerifyBackup.MissingCommitsAsync(new GitCopies(new GitOptions { Folder = Path.Combine(Folder, "projects") }), snapshot, ct)).Count;
        return (artifacts, commits, artifacts + commits == 0);
    }
}
