using System.Diagnostics;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Hosting;

namespace Muster.Backups;

/// <summary>A backup brought back into a data folder.</summary>
internal sealed record BroughtBack(BackupManifest Manifest, NewLife Life, IReadOnlyList<string> Faults, string? Kept, TimeSpan Took);

/// <summary>Restores into a data folder: what was there is moved aside and never deleted.</summary>
internal static class BringBack
{
    private const string Aside = "before-restore-";

    public static async Task<BroughtBack> RunAsync(IBackupPlace place, BackupManifest manifest, string folder, string? store, bool force, bool voidTokens, Action<string> progress, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        var path = Path.GetFullPath(folder);
        if (!force && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any(e => !IsOfLock(e)))
            throw new CommandException($"The data folder {path} is not empty.", "Name an empty one with --data DIR; or give --force: what is there is moved aside, into a folder within it.");
        using var data = DataFolder.Open(path);
        var kept = MoveAside(data.Path);
        var installation = new Installation(data.Path, store);
        await using var held = await installation.Rows.HoldAsync(filling: true, ct);
        var restored = await new RestoreBackup(installation.Rows, installation.Repositories, data.Path).RunAsync(place, manifest, progress, ct);
        var faults = await VerifyBackup.StoreAsync(installation.Rows, installation.Repositories, manifest, ct);
        progress("rows compared, rules checked");
        await using var opened = await installation.OpenStoreAsync(ct, filling: true);
        var life = await opened.WriteAsync(tx =>
        {
            foreach (var sha in manifest.Absent) tx.Execute("DELETE FROM artifacts WHERE sha256 = @sha", new { sha });
            Unfinished.End(tx);
            return NewIncarnation.Begin(tx, $"restored from backup {manifest.Id}", voidTokens);
        }, ct);
        return new BroughtBack(restored.Manifest, life, faults, kept, clock.Elapsed);
    }

    private static bool IsOfLock(string entry) => Path.GetFileName(entry) is "plane.lock" or "plane.pid";

    private static string? MoveAside(string folder)
    {
        var entries = Directory.EnumerateFileSystemEntries(folder).Where(e => !IsOfLock(e) && !Path.GetFileName(e).StartsWith(Aside, StringComparison.Ordinal)).ToList();
        if (entries.Count == 0) return null;
        var aside = Path.Combine(folder, $"{Aside}{DateTimeOffset.UtcNow:yyyyMMdd'T'HHmmss'Z'}");
        Directory.CreateDirectory(aside);
        // The store first: a folder without it is no installation, whatever else is still there.
        foreach (var entry in entries.OrderByDescending(e => Path.GetFileName(e).StartsWith("muster.db", StringComparison.Ordinal)))
            Directory.Move(entry, Path.Combine(aside, Path.GetFileName(entry)));
        return aside;
    }
}
