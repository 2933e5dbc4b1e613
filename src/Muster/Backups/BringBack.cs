using System.Diagnostics;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Hosting;

namespace Muster.Backups;

/// <summary>A backup brought back into a data folder.</summary>
internal sealed record BroughtBack(BackupManifest Manifest, NewLife Life, IReadOnlyList<string> Faults, string? Kept, TimeSpan Took);

/// <summary>
/// Restores into a data folder: what was there is moved aside and never deleted. Settings that were there stay: they belong to
/// the machine, name the store that is filled, and may be mounted into the folder.
/// </summary>
internal static class BringBack
{
    private const string Aside = "before-restore-";

    /// <param name="place">Where the backup lies.</param>
    /// <param name="manifest">Which one.</param>
    /// <param name="folder">The data folder.</param>
    /// <param name="store">Address of the store, <c>sqlite</c> for the one in the folder; null for the one that the settings name, of the folder or else of the backup.</param>
    /// <param name="force">Whether the folder may hold something.</param>
    /// <param name="voidTokens">Whether people's tokens are revoked too.</param>
    /// <param name="progress">Told of each step.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task<BroughtBack> RunAsync(IBackupPlace place, BackupManifest manifest, string folder, string? store, bool force, bool voidTokens, Action<string> progress, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        var path = Path.GetFullPath(folder);
        if (!force && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any(e => !Stays(e)))
            throw new CommandException($"The data folder {path} is not empty.", "Name an empty one with --data DIR; or give --force: what is there is moved aside, into a folder within it.");
        using var data = DataFolder.Open(path);
        // What can be known to fail does so while everything is still in its place.
        RestoreBackup.Check(manifest);
        var installation = new Installation(data.Path, store ?? await NamedAsync(place, manifest, data.Path, ct));
        await using var held = await installation.Rows.HoldAsync(filling: true, ct);
        // Nor is a server's store moved aside: a database that is not empty is refused.
        if (!installation.Rows.IsEmbedded) await installation.Rows.ReserveAsync(RestoreBackup.WhatFor(manifest), ct);
        var kept = MoveAside(data.Path);
        Restored restored;
        try
        {
            restored = await new RestoreBackup(installation.Rows, installation.Repositories, data.Path).RunAsync(place, WithoutSettings(manifest, data.Path, progress), progress, ct);
        }
        catch (BackupException error) when (kept is not null)
        {
            throw new BackupException($"{error.Message} What was there before lies in {kept}.", error);
        }

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

    /// <summary>The store that the plane would start on: its settings name it, which are there or come back with the rest.</summary>
    private static async Task<string?> NamedAsync(IBackupPlace place, BackupManifest manifest, string folder, CancellationToken ct)
    {
        if (File.Exists(PlaneConfig.PathIn(folder))) return PlaneConfig.Read(folder).Store;
        if (manifest.Files.FirstOrDefault(f => f.Path == PlaneConfig.FileName) is not { } settings) return null;
        await using var content = await place.OpenAsync(settings.Part.Name, ct);
        return PlaneConfig.Parse(await new StreamReader(content).ReadToEndAsync(ct), settings.Path).Store;
    }

    private static BackupManifest WithoutSettings(BackupManifest manifest, string folder, Action<string> progress)
    {
        if (!File.Exists(PlaneConfig.PathIn(folder)) || manifest.Files.All(f => f.Path != PlaneConfig.FileName)) return manifest;
        progress($"{PlaneConfig.FileName} stays as it is here");
        return manifest with { Files = [.. manifest.Files.Where(f => f.Path != PlaneConfig.FileName)] };
    }

    private static bool Stays(string entry) => Path.GetFileName(entry) is "plane.lock" or "plane.pid" or PlaneConfig.FileName;

    private static string? MoveAside(string folder)
    {
        var entries = Directory.EnumerateFileSystemEntries(folder).Where(e => !Stays(e) && !Path.GetFileName(e).StartsWith(Aside, StringComparison.Ordinal)).ToList();
        if (entries.Count == 0) return null;
        var aside = Path.Combine(folder, $"{Aside}{DateTimeOffset.UtcNow:yyyyMMdd'T'HHmmss'Z'}");
        Directory.CreateDirectory(aside);
        // The store first: a folder without it is no installation, whatever else is still there.
        foreach (var entry in entries.OrderByDescending(e => Path.GetFileName(e).StartsWith("muster.db", StringComparison.Ordinal)))
            Directory.Move(entry, Path.Combine(aside, Path.GetFileName(entry)));
        return aside;
    }
}
