using System.Diagnostics;
using Muster.Client;
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
        var disk = Directory.CreateDirectory(stage["disk"]).FullName;
        if (await RunAsync("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk) is { } problem) Assert.Skip($"NOT PROVED that a full disk does no harm: no small disk can be mounted here: {problem}.");
        try
        {
            var plane = await stage.ServeAsync(data: Path.Combine(disk, "data"));
            await plane.Client.CreateProjectAsync(new CreateProject { Name = "Words", Key = "WRD" });
            var acknowledged = new List<string>();
            await AddAsync(plane.Client, acknowledged, 20);
            var refused = 0;
            for (var round = 1; round <= 3; round++)
            {
                Fill(Path.Combine(disk, "filler"));
                // Sooner or later the log needs a page that is not to be had.
                var refusal = await Record.ExceptionAsync(() => AddAsync(plane.Client, acknowledged, 2000));
                Assert.True(refusal is MusterException { StatusCode: 507, Code: ProblemCodes.StoreFull }, $"{refusal?.ToString() ?? "taken"}\n{Log(stage)}");
                refused++;
                // Full, it still answers who asks.
                Assert.Equal(acknowledged.Order(StringComparer.Ordinal), await TitlesAsync(plane.Client));
                Assert.Equal("healthy", (await plane.Client.GetHealthLiveAsync()).Status);
                File.Delete(Path.Combine(disk, "filler"));
                await AddAsync(plane.Client, acknowledged, 10);
            }

            // And what is on the disk is what was said, after a kill too, with the disk full at the start.
            Fill(Path.Combine(disk, "filler"));
            await Record.ExceptionAsync(() => AddAsync(plane.Client, acknowledged, 2000));
            await plane.KillAsync();
            File.Delete(Path.Combine(disk, "filler"));
            plane = await stage.ServeAsync(data: Path.Combine(disk, "data"));
            Assert.Equal(acknowledged.Order(StringComparer.Ordinal), await TitlesAsync(plane.Client));
            await AddAsync(plane.Client, acknowledged, 10);
            Assert.Equal(0, await plane.StopAsync());
            output.WriteLine($"{acknowledged.Count} tasks acknowledged and kept; the disk was full {refused + 1} times");
        }
        finally
        {
            // Lazily: a plane that a failed test has left is ended after this.
            await RunAsync("umount", "-l", disk);
        }
    }

    private static string Log(Stage stage) =>
        string.Join('\n', Directory.GetFiles(stage["disk/data/logs"]).SelectMany(file => File.ReadLines(file).TakeLast(20)));

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

    private static void Fill(string file)
    {
        var block = new byte[4096];
        try
        {
            using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (true) stream.Write(block);
        }
        catch (IOException)
        {
            // That was the last of the room.
        }
    }

    private static async Task<string?> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
            var error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? null : error.Trim();
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return missing.Message;
        }
    }
}
