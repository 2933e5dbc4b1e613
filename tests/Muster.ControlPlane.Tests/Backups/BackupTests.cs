using Dapper;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Git;

namespace Muster.ControlPlane.Tests.Backups;

public sealed class BackupTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-backup-test-").FullName;

    private IBackupPlace Place => new FolderPlace(Path.Combine(_folder, "place"));

    private string Elsewhere => Path.Combine(_folder, "elsewhere");

    [Fact]
    [Trait("req", "B11")]
    public async Task Every_row_comes_back_as_it_was()
    {
        await using var plane = await StoreCheckTests.UsedAsync();
        await plane.Store.WriteAsync(tx => tx.Emit(EventTypes.CustomPrefix + "odd", "\"quotes\", \u0001 control, 漢字, \U0001F600", data: new { number = 1.5, text = "\u2028" }));
        var manifest = (await (await TakeAsync(plane)).RunAsync(Place, default)).Manifest;
        await (await RestoreAsync()).RunAsync(Place, manifest, _ => { }, default);
        Assert.Empty(await VerifyBackup.StoreAsync(await TestStores.RowsAsync(Elsewhere), Copies(Elsewhere), manifest, default));

        await using var snapshot = await (await TestStores.RowsAsync(Elsewhere)).OpenSnapshotAsync(default, filling: true);
        foreach (var table in (string[])["tasks", "events", "assignments", "epics", "tokens"])
        {
            // The plane goes on: an agent that nobody hears of any more is an event of its own.
            var sql = $"SELECT * FROM {table}{(table == "events" ? $" WHERE seq <= {manifest.EventSeq}" : "")} ORDER BY 1";
            var was = (await plane.Store.ReadAsync(c => c.QueryAsync(sql))).Select(row => string.Join('|', (IDictionary<string, object?>)row)).ToList();
            Assert.NotEmpty(was);
            Assert.Equal(was, (await snapshot.QueryAsync(sql)).Select(row => string.Join('|', (IDictionary<string, object?>)row)));
        }

        // Neither the key that signs leases nor the life they belonged to is in a backup.
        Assert.Empty(await snapshot.QueryAsync<string>("SELECT key FROM meta WHERE key IN ('lease_key', 'incarnation')"));
        Assert.Empty(Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Where(file => File.ReadAllText(file).Contains(Convert.ToHexString(plane.Store.LeaseKey), StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    [Trait("req", "B11")]
    public async Task A_new_life_frees_what_was_held_and_voids_the_tokens_of_agents()
    {
        await using var plane = await StoreCheckTests.UsedAsync();
        var manifest = (await (await TakeAsync(plane)).RunAsync(Place, default)).Manifest;
        await (await RestoreAsync()).RunAsync(Place, manifest, _ => { }, default);
        // Until its new life began, nobody takes it for a store.
        Assert.Equal(StoreCodes.Unfinished, (await Assert.ThrowsAsync<StoreUnusableException>(() => TestPlane.StartAsync(Elsewhere))).Code);
        await using (var filled = await TestStores.OpenAsync(Elsewhere, TimeProvider.System, filling: true)) await filled.WriteAsync(Unfinished.End);
        await using var again = await TestPlane.StartAsync(Elsewhere);
        var life = await again.Store.WriteAsync(tx => NewIncarnation.Begin(tx, "a test", voidTokens: false));
        Assert.Equal(1, life.Assignments);
        Assert.NotEqual(manifest.Incarnation, life.Incarnation);
        var task = await again.ReadTaskAsync("FLT-1");
        Assert.Equal((TaskState.Pending, 1), (task.Status, task.Attempts));
        Assert.Empty(await again.Store.ReadAsync(c => StoreCheck.RunAsync(c)));
    }

    [Fact]
    public async Task What_did_not_change_is_not_sent_again_and_what_nobody_names_is_deleted()
    {
        await using var plane = await StoreCheckTests.UsedAsync();
        var take = await TakeAsync(plane);
        var first = await take.RunAsync(Place, default);
        var same = await take.RunAsync(Place, default);
        Assert.Equal((0, 0), (same.SentParts, same.SentBytes));
        await plane.TaskAsync("another");
        var third = await take.RunAsync(Place, default);
        Assert.InRange(third.SentParts, 1, first.SentParts - 1);

        var rule = new KeepRule { Last = 1, Daily = 0, Weekly = 0 };
        // While somebody writes a backup there, nothing is taken away.
        await Place.PutAsync($"running/{DateTimeOffset.UtcNow:yyyyMMdd'T'HHmmssfff'Z'}-abcdef", new MemoryStream(), 0, default);
        Assert.Equal((0, 0), await PruneBackups.RunAsync(Place, rule, TimeProvider.System, default));
        await Place.DeleteAsync((await AllAsync("running/")).Single(), default);

        var (backups, parts) = await PruneBackups.RunAsync(Place, rule, TimeProvider.System, default);
        Assert.Equal(2, backups);
        Assert.True(parts > 0);
        Assert.Equal(third.Manifest.Id, Assert.Single(await BackupManifest.ListAsync(Place, default)));
        Assert.Empty((await VerifyBackup.PartsAsync(Place, third.Manifest, default)).Faults);
        Assert.Equal(third.Manifest.Parts().Count(), (await AllAsync(Part.Folder)).Count);
    }

    [Fact]
    public async Task While_somebody_tidies_up_no_backup_counts_on_what_is_there()
    {
        await using var plane = await StoreCheckTests.UsedAsync();
        var take = await TakeAsync(plane);
        await take.RunAsync(Place, default);
        await Place.PutAsync($"tidying/{DateTimeOffset.UtcNow:yyyyMMdd'T'HHmmssfff'Z'}-abcdef", new MemoryStream(), 0, default);
        await Assert.ThrowsAsync<BackupException>(() => take.RunAsync(Place, default));
        Assert.Empty(await AllAsync("running/"));
        Assert.Single(await BackupManifest.ListAsync(Place, default));

        // Whoever died over it is not waited for.
        await Place.DeleteAsync((await AllAsync("tidying/")).Single(), default);
        await Place.PutAsync($"tidying/{DateTimeOffset.UtcNow.AddHours(-2):yyyyMMdd'T'HHmmssfff'Z'}-abcdef", new MemoryStream(), 0, default);
        await take.RunAsync(Place, default);
        Assert.Equal(1, (await PruneBackups.RunAsync(Place, new KeepRule { Last = 1, Daily = 0, Weekly = 0 }, TimeProvider.System, default)).Backups);
        Assert.Empty(await AllAsync("tidying/"));
    }

    [Fact]
    public async Task One_that_a_person_named_is_not_the_newest_for_ever()
    {
        await using var plane = await StoreCheckTests.UsedAsync();
        var take = await TakeAsync(plane);
        var first = (await take.RunAsync(Place, default)).Manifest;
        var text = (first with { Id = "release-1" }).Write();
        await Place.PutAsync(BackupManifest.NameOf("release-1"), new MemoryStream(text), text.Length, default);
        await plane.TaskAsync("another");
        var second = (await take.RunAsync(Place, default)).Manifest;
        Assert.Equal(["release-1", first.Id, second.Id], await BackupManifest.ListAsync(Place, default));
        Assert.Equal(second.Id, (await BackupManifest.FindAsync(Place, null, default)).Id);
        Assert.Equal("release-1", (await BackupManifest.FindAsync(Place, "release-1", default)).Id);
    }

    [Fact]
    [Trait("req", "B11")]
    public async Task What_a_person_wrote_is_in_it_wherever_planes_share_it()
    {
        await using var plane = await StoreCheckTests.UsedAsync();
        var shared = Path.Combine(_folder, "shared");
        Directory.CreateDirectory(Path.Combine(shared, "roles", "notes"));
        await File.WriteAllTextAsync(Path.Combine(shared, "roles", "notes", "tester.md"), "a lesson");
        await File.WriteAllTextAsync(Path.Combine(shared, "preferences.md"), "- tea");
        await File.WriteAllTextAsync(Path.Combine(plane.Folder, "models.yaml"), "aliases: {}");
        await File.WriteAllTextAsync(Path.Combine(plane.Folder, "environment"), "KEY=secret");
        var manifest = (await new TakeBackup(await TestStores.RowsAsync(plane.Folder), Copies(shared), plane.Folder, TimeProvider.System, shared).RunAsync(Place, default)).Manifest;
        Assert.Equal(["roles/notes/tester.md", "preferences.md", "models.yaml"], manifest.Files.Select(f => f.Path).Where(path => !path.StartsWith("artifacts/", StringComparison.Ordinal)));
        await (await RestoreAsync()).RunAsync(Place, manifest, _ => { }, default);
        Assert.Equal("a lesson", await File.ReadAllTextAsync(Path.Combine(Elsewhere, "roles", "notes", "tester.md")));
    }

    [Fact]
    public async Task A_part_that_is_gone_or_changed_is_named()
    {
        await using var plane = await StoreCheckTests.UsedAsync();
        var manifest = (await (await TakeAsync(plane)).RunAsync(Place, default)).Manifest;
        var parts = manifest.Parts().ToList();
        File.Delete(Path.Combine(_folder, "place", parts[0].Name));
        await File.WriteAllTextAsync(Path.Combine(_folder, "place", parts[1].Name), "other");
        var faults = (await VerifyBackup.PartsAsync(Place, manifest, default)).Faults;
        Assert.Contains(faults, fault => fault.Contains(parts[0].Sha256, StringComparison.Ordinal) && fault.Contains("missing", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains(parts[1].Sha256, StringComparison.Ordinal) && fault.Contains("damaged", StringComparison.Ordinal));
        await Assert.ThrowsAnyAsync<Exception>(async () => await (await RestoreAsync()).RunAsync(Place, manifest, _ => { }, default));
        // What was brought back of it is not taken for a store, and the next try begins anew.
        Assert.Equal(StoreCodes.Unfinished, (await Assert.ThrowsAsync<StoreUnusableException>(() => TestStores.OpenAsync(Elsewhere, TimeProvider.System))).Code);
    }

    [Fact]
    public async Task A_part_that_rotted_is_sent_anew_once_somebody_has_looked()
    {
        await using var plane = await StoreCheckTests.UsedAsync();
        var take = await TakeAsync(plane);
        var manifest = (await take.RunAsync(Place, default)).Manifest;
        var path = Path.Combine(_folder, "place", manifest.Parts().First().Name);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);

        Assert.Single((await VerifyBackup.PartsAsync(Place, manifest, default)).Faults);
        Assert.Equal(1, (await take.RunAsync(Place, default)).SentParts);

        Assert.Empty((await VerifyBackup.PartsAsync(Place, manifest, default)).Faults);
        Assert.Empty(await AllAsync(Part.Damaged));
        Assert.Equal(0, (await take.RunAsync(Place, default)).SentParts);
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("/etc/outside")]
    public async Task A_manifest_cannot_lead_out_of_the_folder(string path)
    {
        await using var plane = await StoreCheckTests.UsedAsync();
        var manifest = (await (await TakeAsync(plane)).RunAsync(Place, default)).Manifest;
        var evil = manifest with { Files = [new FileBackup(path, manifest.Parts().First())] };
        await Assert.ThrowsAsync<BackupException>(async () => await (await RestoreAsync()).RunAsync(Place, evil, _ => { }, default));
        await Assert.ThrowsAsync<BackupException>(() => Place.OpenAsync(path, default));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<TakeBackup> TakeAsync(TestPlane plane) => new(await TestStores.RowsAsync(plane.Folder), Copies(plane.Folder), plane.Folder, TimeProvider.System);

    private async Task<RestoreBackup> RestoreAsync()
    {
        Directory.CreateDirectory(Elsewhere);
        return new RestoreBackup(await TestStores.RowsAsync(Elsewhere), Copies(Elsewhere), Elsewhere);
    }

    private static GitCopies Copies(string folder) => new(new GitOptions { Folder = Path.Combine(folder, "projects") });

    private async Task<List<string>> AllAsync(string prefix)
    {
        List<string> names = [];
        await foreach (var entry in Place.ListAsync(prefix, default)) names.Add(entry.Name);
        return names;
    }
}
