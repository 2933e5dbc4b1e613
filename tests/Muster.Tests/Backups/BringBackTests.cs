using System.Security.Cryptography;
using Muster.Backups;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Hosting;

namespace Muster.Tests.Backups;

/// <summary>A restore that cannot work leaves everything where it was, and fills the store that the plane will start on (requirement B11).</summary>
[Trait("req", "B11")]
public sealed class BringBackTests : IDisposable
{
    private readonly Scratch _scratch = new();

    [Fact]
    public async Task What_a_newer_release_made_moves_nothing_aside()
    {
        var folder = Used();

        await Assert.ThrowsAsync<BackupException>(() => BringAsync(Manifest(Migrations.Known + 1), folder, "sqlite"));

        Assert.Equal("the store", await File.ReadAllTextAsync(Path.Combine(folder, "muster.db")));
    }

    [Fact]
    public async Task The_store_is_the_one_that_the_folders_settings_name()
    {
        var folder = Used();
        await File.WriteAllTextAsync(PlaneConfig.PathIn(folder), Nowhere);

        await Assert.ThrowsAnyAsync<Exception>(() => BringAsync(Manifest(Migrations.Known), folder, null));

        Assert.Equal("the store", await File.ReadAllTextAsync(Path.Combine(folder, "muster.db")));
    }

    [Fact]
    public async Task In_an_empty_folder_the_store_is_the_one_that_the_backups_settings_name()
    {
        var settings = System.Text.Encoding.UTF8.GetBytes(Nowhere);
        var part = new Part(Convert.ToHexStringLower(SHA256.HashData(settings)), settings.Length);
        await Place.PutAsync(part.Name, new MemoryStream(settings), part.Size, default);
        var folder = Path.Combine(_scratch.Path, "new");

        await Assert.ThrowsAnyAsync<Exception>(() => BringAsync(Manifest(Migrations.Known) with { Files = [new FileBackup("config.json", part)] }, folder, null));

        Assert.False(File.Exists(Path.Combine(folder, "muster.db")));
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>A server that is not there.</summary>
    private const string Nowhere = """{ "store": "postgres://nobody@127.0.0.1:1/none" }""";

    private FolderPlace Place => new(Path.Combine(_scratch.Path, "place"));

    private string Used()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_scratch.Path, "data")).FullName;
        File.WriteAllText(Path.Combine(folder, "muster.db"), "the store");
        return folder;
    }

    private Task<BroughtBack> BringAsync(BackupManifest manifest, string folder, string? store) =>
        BringBack.RunAsync(Place, manifest, folder, store, force: true, voidTokens: false, _ => { }, default);

    private static BackupManifest Manifest(int schema) => new()
    {
        Id = "20260101T000000Z-abcdef",
        Version = "1",
        StartedAt = DateTimeOffset.UnixEpoch,
        FinishedAt = DateTimeOffset.UnixEpoch,
        Engine = "sqlite",
        Schema = schema,
        Incarnation = "i",
        EventSeq = 0,
        Tables = [],
        Repositories = [],
        Files = [],
    };
}
