using System.Collections.Concurrent;
using System.Text.Json;
using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>A backup taken while everything works, brought back elsewhere (requirement B11).</summary>
public sealed class BackupTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    [Trait("req", "B11")]
    public async Task What_was_acknowledged_before_a_backup_is_in_it_and_old_leases_are_void()
    {
        await using var stage = new Stage();
        var muster = await stage.UpAsync();
        var repository = await WordProject.SetUpAsync(stage, agents: 3);
        await using var load = await Load.StartAsync(muster.Client);
        await Until.HoldsAsync(async () => (await MergedAsync(muster.Client) >= 2 && load.Done.Count >= 20, "too little work yet"), Patience);
        var held = await load.TakeAsync("held");

        var (done, merged) = (load.Done.Keys.ToHashSet(), await MergedTitlesAsync(muster.Client));
        var first = await BackUpAsync(stage);
        // Once more, a little later, with the plane still at work: what did not change is not sent again.
        var (doneLater, mergedLater) = (load.Done.Keys.ToHashSet(), await MergedTitlesAsync(muster.Client));
        var second = await BackUpAsync(stage);
        output.WriteLine($"first {first.GetProperty("sentBytes")} bytes, second {second.GetProperty("sentBytes")} of {second.GetProperty("totalBytes")}");
        Assert.True(second.GetProperty("sentBytes").GetInt64() < second.GetProperty("totalBytes").GetInt64());
        await load.StopAsync();
        await muster.KillAsync();

        var drill = JsonDocument.Parse(await stage.DoAsync("verify", stage["backups"], "--drill", "--json")).RootElement;
        Assert.True(drill.GetProperty("sound").GetBoolean(), drill.GetRawText());
        output.WriteLine($"drill: {drill.GetProperty("drill").GetRawText()}");

        foreach (var (backup, acknowledged, words) in new[] { (first, done, merged), (second, doneLater, mergedLater) })
        {
            var id = backup.GetProperty("id").GetString()!;
            var data = stage[$"restored-{id}"];
            var restored = JsonDocument.Parse(await stage.DoAsync("restore", stage["backups"], "--backup", id, "--data", data, "--json")).RootElement;
            Assert.Empty(restored.GetProperty("faults").EnumerateArray());
            Assert.True(restored.GetProperty("returnedAssignments").GetInt32() >= 1);
            await AssertRestoredAsync(stage, data, acknowledged, words, held, muster);
        }

        // The former plane's host ends what the kill left behind; and the person's repository was none of the restored planes' business.
        var again = await stage.UpAsync();
        Assert.Empty(await repository.GitAsync("status", "--porcelain"));
        Assert.Equal(0, await again.StopAsync());
    }

    [Fact]
    [Trait("req", "B11")]
    public async Task A_restore_does_not_write_over_what_is_there_and_a_damaged_backup_is_found()
    {
        await using var stage = new Stage();
        var muster = await stage.ServeAsync();
        await muster.Client.CreateProjectAsync(new CreateProject { Name = "Kept", Key = "KPT" });
        var settings = Path.Combine(stage.Data, "config.json");
        await File.WriteAllTextAsync(settings, """{ "logDays": 31 }""");
        await stage.DoAsync("backup", "--to", stage["backups"], "--data", stage.Data);

        var running = await stage.RunAsync("restore", stage["backups"], "--data", stage.Data, "--force");
        Assert.Equal(1, running.Code);
        Assert.Contains("Another plane", running.Error, StringComparison.Ordinal);
        Assert.Equal(0, await muster.StopAsync());
        var full = await stage.RunAsync("restore", stage["backups"], "--data", stage.Data);
        Assert.Contains("not empty", full.Error, StringComparison.Ordinal);

        // Settings that were put there are the machine's own; where there are none, those of the backup come.
        var elsewhere = Directory.CreateDirectory(stage["elsewhere"]).FullName;
        await File.WriteAllTextAsync(Path.Combine(elsewhere, "config.json"), "{}");
        await stage.DoAsync("restore", stage["backups"], "--data", elsewhere);
        Assert.Equal("{}", await File.ReadAllTextAsync(Path.Combine(elsewhere, "config.json")));
        await stage.DoAsync("restore", stage["backups"], "--data", stage["fresh"]);
        Assert.Contains("31", await File.ReadAllTextAsync(Path.Combine(stage["fresh"], "config.json")), StringComparison.Ordinal);

        await File.WriteAllTextAsync(settings, """{ "logDays": 32 }""");
        var forced = JsonDocument.Parse(await stage.DoAsync("restore", stage["backups"], "--data", stage.Data, "--force", "--json")).RootElement;
        Assert.True(File.Exists(Path.Combine(forced.GetProperty("movedAside").GetString()!, "muster.db")));
        Assert.Contains("32", await File.ReadAllTextAsync(settings), StringComparison.Ordinal);
        var again = await stage.ServeAsync();
        Assert.Equal("Kept", (await again.Client.GetProjectAsync("KPT")).Name);
        Assert.Equal(0, await again.StopAsync());

        var part = Directory.EnumerateFiles(stage["backups/parts"], "*", SearchOption.AllDirectories).First();
        var bytes = await File.ReadAllBytesAsync(part);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(part, bytes);
        var damaged = await stage.RunAsync("verify", stage["backups"]);
        Assert.Equal(1, damaged.Code);
        Assert.Contains("is damaged", damaged.Output, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> BackUpAsync(Stage stage)
    {
        var backup = JsonDocument.Parse(await stage.DoAsync("backup", "--to", stage["backups"], "--data", stage.Data, "--json")).RootElement;
        Assert.Empty(backup.GetProperty("warnings").EnumerateArray());
        return backup;
    }

    private static async Task AssertRestoredAsync(Stage stage, string data, HashSet<string> done, IReadOnlyCollection<string> words, ClaimedTask held, RunningMuster former)
    {
        foreach (var mirror in Directory.GetDirectories(Path.Combine(data, "projects")))
        {
            var (code, said, error) = await new Repository(Path.Combine(mirror, "repo.git")).TryGitAsync(new Dictionary<string, string>(), "fsck", "--full", "--strict");
            Assert.True(code == 0, $"git fsck: {said} {error}");
        }

        var plane = await stage.ServeAsync(data: data);
        Assert.NotEqual(former.Address, plane.Address);
        var finished = new HashSet<string>();
        await foreach (var task in MusterClient.EnumerateAsync(cursor => plane.Client.ListTasksAsync(status: TaskState.Done, cursor: cursor, limit: 500))) finished.Add(task.Title);
        Assert.Empty(done.Except(finished));
        Assert.Empty(words.Except(finished));
        var list = (await new Repository(Path.Combine(Directory.GetDirectories(Path.Combine(data, "projects")).Single(), "repo.git")).GitAsync("show", "trunk:list.txt")).Split('\n');
        Assert.Empty(words.Except(list));

        // The lease was current when the plane died; in this life it is nobody's.
        var late = await Record.ExceptionAsync(() => plane.Client.CompleteAssignmentAsync(held.Assignment.Id, new CompleteAssignment { Summary = "late" }, new CallOptions { Lease = held.Lease, MaxRetries = 0 }));
        Assert.IsType<LeaseLostException>(late);
        var free = await plane.Client.GetTaskAsync(held.Task.Id);
        Assert.Equal((TaskState.Pending, 0), (free.Status, (await plane.Client.ListAssignmentsAsync(status: AssignmentState.Active)).Items.Count));
        Assert.Equal(0, await plane.StopAsync());
    }

    private static async Task<IReadOnlyCollection<string>> MergedTitlesAsync(MusterClient plane) =>
        [.. (await plane.ListTasksAsync(project: WordProject.Key, status: TaskState.Done)).Items.Select(task => task.Title)];

    private static async Task<int> MergedAsync(MusterClient plane) => (await MergedTitlesAsync(plane)).Count;

    /// <summary>An agent on the SDK that adds tasks, does them, and remembers those that were acknowledged as done.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private const string Agent = "loader";
        private readonly MusterClient _plane;
        private readonly CancellationTokenSource _stop = new();
        private Task _run = Task.CompletedTask;

        private Load(MusterClient plane) => _plane = plane;

        public ConcurrentDictionary<string, bool> Done { get; } = new(StringComparer.Ordinal);

        public static async Task<Load> StartAsync(MusterClient plane)
        {
            await plane.CreateProjectAsync(new CreateProject { Name = "Load", Key = "LDS", LeaseSeconds = 600, Contract = "" });
            await plane.CreateAgentAsync(new CreateAgent { Name = Agent, Capacity = 100 });
            var load = new Load(plane);
            load._run = load.RunAsync();
            return load;
        }

        /// <summary>Takes a task; keeps it, if nobody hands it in.</summary>
        public async Task<ClaimedTask> TakeAsync(string title)
        {
            while (true)
            {
                var task = await _plane.CreateTaskAsync(new CreateTask { Project = "LDS", Title = title });
                try
                {
                    return await _plane.CreateAssignmentAsync(new CreateAssignment { Task = task.Id, Agent = Agent });
                }
                catch (MusterException taken) when (taken.StatusCode == 409)
                {
                    // A shell agent was quicker.
                    title += "'";
                }
            }
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _run;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
        }

        private async Task RunAsync()
        {
            while (!_stop.IsCancellationRequested)
            {
                var taken = await TakeAsync($"load {Guid.NewGuid():N}");
                await _plane.CompleteAssignmentAsync(taken.Assignment.Id, new CompleteAssignment { Summary = "done" }, new CallOptions { Lease = taken.Lease });
                Done[taken.Task.Title] = true;
            }
        }
    }
}
