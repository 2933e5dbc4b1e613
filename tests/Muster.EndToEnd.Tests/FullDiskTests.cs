using Muster.Client;
using Muster.Conformance.Servers;
using Muster.Contracts;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

public sealed class FullDiskTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("req", "C6")]
    public async Task A_plane_on_a_full_disk_refuses_loses_nothing_it_acknowledged_and_goes_on_when_there_is_room()
    {
        await using var stage = new Stage();
        await using var disk = SmallDisk.Mount(stage["disk"], "16m");
        var plane = await stage.ServeAsync(data: Path.Combine(disk.Path, "data"));
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Words", Key = "WRD" });
        var acknowledged = new List<string>();
        await AddAsync(plane.Client, acknowledged, 20);
        var refused = 0;
        for (var round = 1; round <= 3; round++)
        {
            disk.Fill();
            // Sooner or later the log needs a page that is not to be had.
            var refusal = await Record.ExceptionAsync(() => AddAsync(plane.Client, acknowledged, 2000));
            Assert.True(refusal is MusterException { StatusCode: 507, Code: ProblemCodes.StoreFull }, $"{refusal?.ToString() ?? "taken"}\n{Log(stage["disk/data"])}");
            refused++;
            // Full, it still answers who asks.
            Assert.Equal(acknowledged.Order(StringComparer.Ordinal), await TitlesAsync(plane.Client));
            Assert.Equal("healthy", (await plane.Client.GetHealthLiveAsync()).Status);
            disk.MakeRoom();
            await AddAsync(plane.Client, acknowledged, 10);
        }

        // And what is on the disk is what was said, after a kill too, with the disk full at the start.
        disk.Fill();
        await Record.ExceptionAsync(() => AddAsync(plane.Client, acknowledged, 2000));
        await plane.KillAsync();
        disk.MakeRoom();
        plane = await stage.ServeAsync(data: Path.Combine(disk.Path, "data"));
        Assert.Equal(acknowledged.Order(StringComparer.Ordinal), await TitlesAsync(plane.Client));
        await AddAsync(plane.Client, acknowledged, 10);
        Assert.Equal(0, await plane.StopAsync());
        output.WriteLine($"{acknowledged.Count} tasks acknowledged and kept; the disk was full {refused + 1} times");
    }

    [Fact]
    [Trait("req", "B3")]
    public async Task So_does_one_whose_PostgreSQL_has_a_full_disk()
    {
        await using var stage = new Stage();
        // The server is not this user: it must be able to come to its disk.
        using var place = new ScratchFolder();
        File.SetUnixFileMode(place.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        await using var disk = SmallDisk.Mount(place.File("disk"), "192m");
        await using var server = await PostgresServer.StartOnAsync(disk, "min_wal_size=32MB", "max_wal_size=32MB", "checkpoint_timeout=30s");
        stage.Environment["MUSTER_STORE"] = await server.CreateDatabaseAsync("muster");
        var plane = await stage.ServeAsync();
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Words", Key = "WRD" });
        var acknowledged = new List<string>();
        await AddAsync(plane.Client, acknowledged, 20);
        var refusals = new List<string>();
        for (var round = 1; round <= 3; round++)
        {
            disk.Fill();
            // A table that cannot grow is refused, and the server goes on.
            await RefusedAsync(ProblemCodes.StoreFull);
            await GoesOnAsync();
        }

        // A log that cannot grow ends the server.
        disk.Fill(butFor: 4 << 20);
        await Until.HoldsAsync(async () =>
        {
            await Record.ExceptionAsync(() => server.ExecuteAsync("CREATE TABLE IF NOT EXISTS log_filler (n int); INSERT INTO log_filler VALUES (1); SELECT pg_switch_wal()"));
            return (server.Process.Ended, server.Process.Output);
        }, TimeSpan.FromMinutes(1));
        await RefusedAsync(ProblemCodes.Unavailable);
        await GoesOnAsync();

        // And after a kill of both.
        await plane.KillAsync();
        await server.Process.KillAsync();
        await server.RestartAsync();
        plane = await stage.ServeAsync();
        await KeptAsync(plane.Client, acknowledged);
        Assert.Equal(0, await plane.StopAsync());
        output.WriteLine($"{acknowledged.Count} tasks acknowledged and kept; refused with {string.Join(", ", refusals)}");

        async Task RefusedAsync(string code)
        {
            var refusal = await Assert.ThrowsAsync<MusterException>(() => AddAsync(plane.Client, acknowledged, 20_000));
            Assert.True(refusal.Code == code, $"{refusal}\n{Log(stage.Data)}\n{server.Process.Output}");
            Assert.Equal("healthy", (await plane.Client.GetHealthLiveAsync()).Status);
            refusals.Add(code);
        }

        async Task GoesOnAsync()
        {
            disk.MakeRoom();
            if (server.Process.Ended) await server.RestartAsync();
            await Until.HoldsAsync(async () => (await Record.ExceptionAsync(() => AddAsync(plane.Client, acknowledged, 1)) is null, "it does not go on"), TimeSpan.FromMinutes(1));
            await KeptAsync(plane.Client, acknowledged);
        }
    }

    /// <summary>All that was acknowledged is there once. Of what was refused when the server went, the one on its way may be there too: nobody said that it is not.</summary>
    private static async Task KeptAsync(MusterClient plane, List<string> acknowledged)
    {
        var titles = await TitlesAsync(plane);
        Assert.Empty(acknowledged.Except(titles));
        Assert.Equal(titles.Count, titles.Distinct(StringComparer.Ordinal).Count());
        Assert.InRange(titles.Count - acknowledged.Count, 0, 3);
    }

    private static string Log(string data) =>
        string.Join('\n', Directory.GetFiles(Path.Combine(data, "logs")).SelectMany(file => File.ReadLines(file).TakeLast(20)));

    private static async Task AddAsync(MusterClient plane, List<string> acknowledged, int count)
    {
        for (var index = 0; index < count; index++)
        {
            var title = $"{acknowledged.Count:D5} {Guid.NewGuid():n}";
            await plane.CreateTaskAsync(new CreateTask { Project = "WRD", Title = title, Description = new string('x', 2000) }, new CallOptions { MaxRetries = 0 });
            acknowledged.Add(title);
        }
    }

    private static async Task<IReadOnlyList<string>> TitlesAsync(MusterClient plane)
    {
        var titles = new List<string>();
        string? cursor = null;
        do
        {
            var page = await plane.ListTasksAsync(project: "WRD", cursor: cursor, limit: 200);
            titles.AddRange(page.Items.Select(task => task.Title));
            cursor = page.Next;
        }
        while (cursor is not null);
        return [.. titles.Order(StringComparer.Ordinal)];
    }
}
