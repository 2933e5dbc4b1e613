namespace Muster.EndToEnd.Tests;

/// <summary>kill -9 of the plane while it merges: the target and the store must tell the same story in the end.</summary>
public sealed class MergeKillTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    [Trait("req", "C6")]
    public async Task A_plane_killed_between_the_moved_target_and_its_commit_writes_the_merge_down_once()
    {
        const int tasks = 10;
        await using var stage = new Stage();
        await GitTap.InstallAsync(stage);
        var plane = await stage.ServeAsync();
        var port = plane.Address.Port;
        var ledger = await MergeLedger.SetUpAsync(stage, plane.Client, tasks);
        stage.Mark(GitTap.HoldMove);
        var host = await ledger.BeginAsync(plane);
        var killed = new List<(string Target, DateTimeOffset At)>();
        for (var kill = 0; kill < tasks; kill++)
        {
            // git has moved the target and the plane does not know yet, so its store holds nothing of it.
            await stage.MarkedAsync(GitTap.Moved, Patience);
            await plane.KillAsync();
            File.Delete(stage[GitTap.Moved]);
            File.Delete(stage[GitTap.HoldMove]);
            killed.Add((await ledger.Mirror.GitAsync("rev-parse", "trunk"), DateTimeOffset.UtcNow));
            if (kill < tasks - 1) stage.Mark(GitTap.HoldMove);
            plane = await stage.ServeAsync(port);
            await ledger.AssertNothingClaimedTooMuchAsync(plane.Client);
        }

        var written = await ledger.AssertDoneOnceAsync(plane.Client, Patience);
        Assert.Equal(tasks, killed.Select(one => one.Target).Distinct(StringComparer.Ordinal).Count());
        Assert.All(killed, one => Assert.True(written[one.Target] > one.At, $"{one.Target} was written down before the kill"));
        output.WriteLine($"{killed.Count} kills, each between the moved target and the commit");
        Assert.Equal(0, await host.StopAsync());
        Assert.Equal(0, await plane.StopAsync());
    }

    [Fact]
    [Trait("req", "C6")]
    public async Task A_plane_killed_at_random_while_many_pull_requests_merge_merges_each_once()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var stage = new Stage();
        var plane = await stage.ServeAsync();
        var port = plane.Address.Port;
        var ledger = await MergeLedger.SetUpAsync(stage, plane.Client, 14);
        var host = await ledger.BeginAsync(plane);
        var killed = new List<(string Target, DateTimeOffset At)>();
        while (killed.Count < 15 && await MergeLedger.OpenAsync(plane.Client) > 0)
        {
            // Half of them at any moment, half a moment after the target moved; the moment itself is what is random.
            if (killed.Count % 2 == 1) await TargetMovesAsync(ledger.Mirror);
            await Task.Delay(random.Next(0, killed.Count % 2 == 1 ? 8 : 900));
            await plane.KillAsync();
            killed.Add((await ledger.Mirror.GitAsync("rev-parse", "trunk"), DateTimeOffset.UtcNow));
            plane = await stage.ServeAsync(port);
            await ledger.AssertNothingClaimedTooMuchAsync(plane.Client);
        }

        var written = await ledger.AssertDoneOnceAsync(plane.Client, Patience);
        output.WriteLine($"{killed.Count} kills, {killed.Count(one => written.TryGetValue(one.Target, out var at) && at > one.At)} of them between the moved target and the commit");
        Assert.Equal(0, await host.StopAsync());
        Assert.Equal(0, await plane.StopAsync());
    }

    /// <summary>Spins on the ref's file, since a millisecond counts; gives up after a while, as when nothing is left to merge.</summary>
    private static async Task TargetMovesAsync(Repository mirror)
    {
        var file = Path.Combine(mirror.Path, "refs/heads/trunk");
        var before = File.GetLastWriteTimeUtc(file);
        var until = DateTime.UtcNow.AddSeconds(5);
        await Task.Run(() =>
        {
            while (File.GetLastWriteTimeUtc(file) == before && DateTime.UtcNow < until) Thread.Yield();
        });
    }
}
