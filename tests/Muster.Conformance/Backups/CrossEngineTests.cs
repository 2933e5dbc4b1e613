using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.Contracts.Events;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Git;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;

namespace Muster.Conformance.Backups;

/// <summary>A backup of one engine comes back on the other with every row as it was, and from there on the first again.</summary>
public sealed class CrossEngineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-cross-").FullName;

    [Fact]
    [Trait("req", "B11")]
    public async Task From_the_embedded_store_to_postgres_and_back()
    {
        var first = Directory.CreateDirectory(Path.Combine(_folder, "first")).FullName;
        await using (var store = SqliteStore.Open(first, TimeProvider.System, NullLogger.Instance))
        {
            await store.WriteAsync(tx =>
            {
                for (var i = 0; i < 3000; i++)
                    tx.Emit(EventTypes.CustomPrefix + "odd", $"{i}: tab\t, \\N, \\., quote \" ' , line\nnext\r, 漢字, \U0001F600", data: new { i, half = i / 2.0, none = (string?)null });
            });
        }

        var address = PostgresAddress.Parse(await SharedPostgres.DatabaseAsync());
        await using var postgres = new PostgresRows(address);
        var one = await MoveAsync(new SqliteRows(first), postgres, "one");
        // Whoever opens it first gives it its new incarnation.
        await using (var opened = await PostgresStore.OpenAsync(address, TimeProvider.System, NullLogger.Instance, filling: true)) await opened.WriteAsync(Unfinished.End);
        var two = await MoveAsync(postgres, new SqliteRows(Directory.CreateDirectory(Path.Combine(_folder, "last")).FullName), "two");
        Assert.Equal(3000, one.Rows("events"));
        // The same hashes of every table: the same rows, in the same order, spelled the same.
        Assert.Equal(one.Tables.Select(t => (t.Name, t.Rows, t.Sha256)), two.Tables.Select(t => (t.Name, t.Rows, t.Sha256)));
        // And what is there is not written over.
        await Assert.ThrowsAsync<BackupException>(() => MoveAsync(new SqliteRows(first), postgres, "three"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<BackupManifest> MoveAsync(IRowEngine from, IRowEngine to, string name)
    {
        var place = new FolderPlace(Path.Combine(_folder, "place"));
        var copies = new GitCopies(new GitOptions { Folder = Path.Combine(_folder, name, "projects") });
        Directory.CreateDirectory(Path.Combine(_folder, name));
        var manifest = (await new TakeBackup(from, copies, Path.Combine(_folder, name), TimeProvider.System).RunAsync(place, default)).Manifest;
        await new RestoreBackup(to, copies, Path.Combine(_folder, name)).RunAsync(place, manifest, _ => { }, default);
        Assert.Empty(await VerifyBackup.StoreAsync(to, copies, manifest, default));
        return manifest;
    }
}
