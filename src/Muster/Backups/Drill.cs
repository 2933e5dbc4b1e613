using System.Diagnostics;
using Muster.Client;
using Muster.Connections;
using Muster.Contracts.Work;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Models.Gateway;
using Muster.ControlPlane.Storage;
using Muster.Hosting;

namespace Muster.Backups;

/// <summary>How a drill went: the time from nothing to a plane that answers, and what was found wrong on the way.</summary>
internal sealed record Drilled(TimeSpan Restored, TimeSpan Ready, int Tasks, int Projects, NewLife Life, IReadOnlyList<string> Faults);

/// <summary>Brings a backup back into an empty folder, starts a plane on it, asks it, and looks at the store once more.</summary>
internal static class Drill
{
    public static async Task<Drilled> RunAsync(IBackupPlace place, BackupManifest manifest, Action<string> progress, CancellationToken ct)
    {
        var scratch = Directory.CreateTempSubdirectory("muster-drill-").FullName;
        try
        {
            var clock = Stopwatch.StartNew();
            var brought = await BringBack.RunAsync(place, manifest, scratch, "sqlite", force: false, voidTokens: false, progress, ct);
            List<string> faults = [.. brought.Faults];
            var installation = new Installation(scratch, null);
            await CalmAsync(installation, ct);
            var ready = TimeSpan.Zero;
            using (var data = DataFolder.Open(scratch))
            using (var log = new PlaneLog(data.Logs, verbose: false, onTerminal: false))
            await using (var plane = await RunningPlane.StartAsync(data, "http://127.0.0.1:0", new Adapters { Store = "sqlite" }, log, ct, rehearsed: true))
            {
                using var client = Connection.Open(plane.Server);
                faults.AddRange(await AskAsync(client, manifest, ct));
                ready = clock.Elapsed;
                progress("the plane answers");
            }

            await using var after = await installation.Rows.OpenSnapshotAsync(ct);
            faults.AddRange((await StoreCheck.RunAsync(after)).Select(f => $"After the plane ran: {f}"));
            return new Drilled(brought.Took, ready, (int)manifest.Rows("tasks"), (int)manifest.Rows("projects"), brought.Life, faults);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>A drill must do nothing outside of its folder: nothing is pushed, nobody works, no model is asked, its settings are the defaults.</summary>
    private static async Task CalmAsync(Installation installation, CancellationToken ct)
    {
        File.Delete(PlaneConfig.PathIn(installation.Folder));
        File.Delete(Path.Combine(installation.Folder, "models.yaml"));
        await using var store = await installation.OpenStoreAsync(ct);
        await store.WriteAsync(tx =>
        {
            tx.Execute("UPDATE projects SET push_back = 0, paused = 1");
            // A wish that was being planned would go on, with the keys of whoever runs the drill.
            ModelSwitch.Set(tx, off: true, "a drill", "drill");
        }, ct);
    }

    private static async Task<IReadOnlyList<string>> AskAsync(MusterClient client, BackupManifest manifest, CancellationToken ct)
    {
        List<string> faults = [];
        var health = await client.GetHealthReadyAsync(ct);
        if (health.Status == "unhealthy") faults.Add($"The plane is not ready: {string.Join(", ", health.Parts.Where(p => p.Status == "unhealthy").Select(p => $"{p.Name}: {p.Detail}"))}");
        var tasks = 0L;
        await foreach (var _ in MusterClient.EnumerateAsync(cursor => client.ListTasksAsync(cursor: cursor, limit: 500, ct: ct)).WithCancellation(ct)) tasks++;
        if (tasks != manifest.Rows("tasks")) faults.Add($"The plane lists {tasks} tasks and the backup has {manifest.Rows("tasks")}.");
        var open = (await client.ListAssignmentsAsync(status: AssignmentState.Active, ct: ct)).Items.Count;
        if (open > 0) faults.Add($"{open} assignments of the former life are still open.");
        return faults;
    }
}
