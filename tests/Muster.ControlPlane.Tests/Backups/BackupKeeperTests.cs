using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Git;

namespace Muster.ControlPlane.Tests.Backups;

public sealed class BackupKeeperTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-keeper-").FullName;

    [Fact]
    [Trait("req", "B11")]
    public async Task A_plane_makes_backups_by_itself_and_says_how_they_stand()
    {
        var options = new BackupOptions { To = "place", Every = TimeSpan.FromHours(6), Keep = new KeepRule { Last = 1, Daily = 0, Weekly = 0 } };
        var place = new FolderPlace(Path.Combine(_folder, "place"));
        await using var plane = await StartAsync(options, () => place, leads: true);
        var made = await EventAsync(plane, EventTypes.BackupCompleted);
        Assert.Contains(Assert.Single(await BackupManifest.ListAsync(place, default)), made.Text, StringComparison.Ordinal);
        Assert.Equal("healthy", (await PartAsync(plane)).Status);

        // Nothing was made for twice the time there should have been.
        plane.Clock.Advance(TimeSpan.FromHours(13));
        var late = await PartAsync(plane);
        Assert.Equal("degraded", late.Status);
        Assert.Contains("06:00:00", late.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_place_that_is_away_is_said_and_does_not_keep_the_plane_from_working()
    {
        await using var plane = await StartAsync(new BackupOptions(), () => throw new BackupException("The bucket is away."), leads: true);
        Assert.Contains("The bucket is away.", (await EventAsync(plane, EventTypes.BackupFailed)).Text, StringComparison.Ordinal);
        var part = await PartAsync(plane);
        Assert.Equal("degraded", part.Status);
        Assert.Contains("The bucket is away.", part.Detail, StringComparison.Ordinal);
        await plane.ProjectAsync();
    }

    [Fact]
    public async Task A_plane_that_does_not_lead_does_not_count_what_the_leader_makes_as_missing()
    {
        await using var plane = await StartAsync(new BackupOptions { Every = TimeSpan.FromHours(6) }, () => new FolderPlace(Path.Combine(_folder, "place")), leads: false);
        plane.Clock.Advance(TimeSpan.FromHours(13));
        Assert.DoesNotContain((await plane.GetAsync<HealthReport>(Routes.Health)).Parts, part => part.Name == "backup");
    }

    [Fact]
    public async Task A_damaged_manifest_keeps_no_plane_from_the_next_backup()
    {
        var place = new FolderPlace(Path.Combine(_folder, "place"));
        await place.PutAsync(BackupManifest.NameOf("20260101T000000Z-abcdef"), new MemoryStream("{"u8.ToArray()), 1, default);
        await using var plane = await StartAsync(new BackupOptions { To = "place", Every = TimeSpan.FromHours(6) }, () => place, leads: true);
        await EventAsync(plane, EventTypes.BackupCompleted);
        Assert.Equal("healthy", (await PartAsync(plane)).Status);
    }

    [Fact]
    public async Task A_plane_that_makes_none_says_nothing_of_them()
    {
        await using var plane = await TestPlane.StartAsync();
        Assert.DoesNotContain((await plane.GetAsync<HealthReport>(Routes.Health)).Parts, part => part.Name == "backup");
    }

    [Theory]
    [InlineData("00:00:10", 7, 1)]
    [InlineData("06:00:00", 0, 1)]
    [InlineData("32.00:00:00", 0, 2)]
    public void Every_fault_of_the_settings_is_told_at_once(string every, int last, int faults) =>
        Assert.Equal(faults, new BackupOptions { Every = TimeSpan.Parse(every), Keep = new KeepRule { Last = last } }.Validate().Count);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<TestPlane> StartAsync(BackupOptions options, Func<IBackupPlace> place, bool leads)
    {
        var data = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName;
        var rows = await TestStores.RowsAsync(data);
        return await TestPlane.StartAsync(data, services => services.AddHostedService(s => new BackupKeeper(
            new TakeBackup(rows, new GitCopies(new GitOptions { Folder = Path.Combine(data, "projects") }), data, TimeProvider.System),
            place, options, s.GetRequiredService<BackupState>(), () => leads, s.GetRequiredService<Store>(), s.GetRequiredService<TimeProvider>(), NullLogger<BackupKeeper>.Instance)));
    }

    private static async Task<HealthPart> PartAsync(TestPlane plane) =>
        Assert.Single((await plane.GetAsync<HealthReport>(Routes.Health)).Parts, part => part.Name == "backup");

    private static async Task<EventInfo> EventAsync(TestPlane plane, string type)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var page = await plane.GetAsync<Page<EventInfo>>($"{Routes.Events}?types={type}");
            if (page.Items.Count > 0) return page.Items[0];
            await Task.Delay(50, patience.Token);
        }
    }
}
