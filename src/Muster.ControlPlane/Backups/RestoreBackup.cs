using System.Security.Cryptography;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Backups;

/// <summary>What was brought back.</summary>
public sealed record Restored(BackupManifest Manifest, IReadOnlyList<string> Warnings);

/// <summary>
/// Brings a backup back into an empty folder and an empty store. The store is marked before the first file and stays
/// <see cref="Unfinished"/>: nobody takes a part of it for the whole. It has no incarnation and no key yet; whoever opens it
/// gives it new ones, and so no lease of its former life is honoured.
/// </summary>
public sealed class RestoreBackup(IRowEngine engine, IRepositoryCopies repositories, string dataFolder)
{
    public async Task<Restored> RunAsync(IBackupPlace place, BackupManifest manifest, Action<string> progress, CancellationToken ct)
    {
        Check(manifest);
        await engine.ReserveAsync(WhatFor(manifest), ct);
        foreach (var file in manifest.Files) await CopyAsync(place, file, ct);
        progress($"{manifest.Files.Count} files");
        foreach (var repository in manifest.Repositories)
        {
            var refs = new RepositoryRefs(repository.ObjectFormat, repository.Head, repository.Refs);
            await repositories.RestoreAsync(repository.Project, refs, [.. repository.Packs.Select(p => (p.Name, Open: (Func<Task<Stream>>)(() => place.OpenAsync(p.Part.Name, ct))))], ct);
            progress($"repository {repository.Project}, {repository.Refs.Count} refs");
        }

        await StoreLoad.RunAsync(engine, place, manifest, ct);
        progress($"store, {manifest.Tables.Sum(t => t.Rows)} rows");
        return new Restored(manifest, []);
    }

    /// <summary>Refuses what this release cannot bring back; asked before anything is moved.</summary>
    public static void Check(BackupManifest manifest)
    {
        if (manifest.Schema > Migrations.Known)
            throw new BackupException($"{manifest.Id} has schema {manifest.Schema} and this Muster knows {Migrations.Known}: it was made by a newer release ({manifest.Version}). Use that one.");
    }

    /// <summary>What is said of a store that is being filled.</summary>
    public static string WhatFor(BackupManifest manifest) => $"Bringing backup {manifest.Id} back";

    private async Task CopyAsync(IBackupPlace place, FileBackup file, CancellationToken ct)
    {
        var root = Path.GetFullPath(dataFolder).TrimEnd('/') + "/";
        var path = Path.GetFullPath(Path.Combine(root, file.Path));
        if (!path.StartsWith(root, StringComparison.Ordinal)) throw new BackupException($"The backup names a file outside of the data folder: '{file.Path}'. It is damaged, or not ours.");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using (var from = await place.OpenAsync(file.Part.Name, ct))
        await using (var to = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 81_920, useAsync: true))
        {
            var buffer = new byte[81_920];
            int read;
            while ((read = await from.ReadAsync(buffer, ct)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await to.WriteAsync(buffer.AsMemory(0, read), ct);
            }

            to.Flush(flushToDisk: true);
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != file.Part.Sha256) throw new BackupException($"'{file.Path}' is not what was saved. Restore an older backup.");
    }
}
