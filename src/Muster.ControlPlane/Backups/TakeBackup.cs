using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Backups;

/// <summary>What came of a backup.</summary>
public sealed record BackupMade(BackupManifest Manifest, int SentParts, long SentBytes, long TotalBytes, TimeSpan Took, IReadOnlyList<string> Warnings);

/// <summary>
/// Makes a backup of a store and of what it names, while the plane goes on.
/// </summary>
/// <remarks>
/// The order is what makes it right. The store is frozen first (a snapshot), the refs are read around that moment, and the
/// objects and artifacts after it. Objects and artifacts are only ever added before the store names them, and taken away
/// long after it has forgotten them: so everything that the frozen store names is still to be found when it is copied.
/// Refs move inside the store's transactions, just before these commit. Read before and after the freeze and found the
/// same, they are those of that moment; where one moved meanwhile the newer is kept, which a plane knows how to deal with:
/// it is what it finds when it was killed between moving a ref and writing that down. An older one would be a merge undone.
/// </remarks>
public sealed class TakeBackup(IRowEngine engine, IRepositoryCopies repositories, string dataFolder, TimeProvider time, string? sharedFolder = null)
{
    /// <summary>Freezes that are tried for refs that all stand still.</summary>
    private const int Freezes = 5;

    /// <summary>Times a repository is looked at again because git tidied it while it was read.</summary>
    private const int Looks = 5;

    private const string Artifacts = "artifacts";

    private readonly string _common = sharedFolder ?? dataFolder;

    public async Task<BackupMade> RunAsync(IBackupPlace place, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var at = time.GetUtcNow();
        var id = $"{PlaceMark.At(at)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3))}";
        await using var running = await PlaceMark.SetAsync(place, PlaceMark.Running, id, ct);
        if (await PlaceMark.AnyAsync(place, PlaceMark.Tidying, at - PruneBackups.Longest, ct))
            throw new BackupException($"Older backups are being deleted in {place.Description}. Run it again when that is over: in an hour at the latest, should whoever did it have died.");
        var box = await PartBox.OpenAsync(place, ct);
        var previous = await PreviousAsync(place, ct);
        var scratch = Directory.CreateTempSubdirectory("muster-backup-");
        try
        {
            List<string> warnings = [];
            var (snapshot, refs) = await FreezeAsync(ct);
            StoreContent content;
            // Let go of before the rest is sent: meanwhile the embedded store's log grows, and a server keeps every dead row.
            await using (snapshot) content = await SaveStoreAsync(snapshot, box, ct);
            List<RepositoryBackup> saved = [];
            foreach (var (project, (state, exact)) in refs)
                saved.Add(await SaveAsync(box, project, state, exact, previous?.Repositories.FirstOrDefault(r => r.Project == project), scratch.FullName, ct));
            var (files, absent) = await SaveFilesAsync(box, content.Artifacts, warnings, ct);
            var manifest = new BackupManifest
            {
                Id = id,
                Version = Product.Version,
                StartedAt = at,
                FinishedAt = time.GetUtcNow(),
                Engine = engine.Name,
                Schema = int.Parse(content.Meta["schema"]),
                Incarnation = content.Meta["incarnation"],
                EventSeq = content.EventSeq,
                Tables = content.Tables,
                Repositories = saved,
                Files = files,
                Absent = absent,
            };
            await box.RequireAsync(manifest.Parts(), ct);
            var text = manifest.Write();
            await place.PutAsync(BackupManifest.NameOf(id), new MemoryStream(text), text.Length, ct);
            return new BackupMade(manifest, box.Sent, box.SentBytes, manifest.Parts().Sum(p => p.Size), time.GetElapsedTime(started), warnings);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static async Task<BackupManifest?> PreviousAsync(IBackupPlace place, CancellationToken ct) =>
        await BackupManifest.ListAsync(place, ct) is [.., var newest] ? await BackupManifest.TryReadAsync(place, newest, ct) : null;

    private async Task<StoreContent> SaveStoreAsync(DbConnection snapshot, PartBox box, CancellationToken ct) => new(
        (await snapshot.QueryAsync<(string Key, string Value)>("SELECT key, value FROM meta")).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal),
        (await snapshot.QueryAsync<string>("SELECT DISTINCT sha256 FROM artifacts ORDER BY sha256")).AsList(),
        await snapshot.QuerySingleAsync<long>("SELECT seq FROM event_head"),
        await StoreDump.WriteAsync(engine, snapshot, bytes => box.PutAsync(bytes, ct), ct));

    private async Task<(DbConnection Snapshot, SortedDictionary<string, (RepositoryRefs Refs, bool Exact)> Refs)> FreezeAsync(CancellationToken ct)
    {
        var before = await RefsAsync(ct);
        for (var attempt = 1; ; attempt++)
        {
            var snapshot = await engine.OpenSnapshotAsync(ct);
            try
            {
                var after = await RefsAsync(ct);
                SortedDictionary<string, (RepositoryRefs Refs, bool Exact)> found = new(StringComparer.Ordinal);
                foreach (var (project, refs) in after) found[project] = (refs, before.TryGetValue(project, out var was) && was.IsSame(refs));
                if (attempt == Freezes || found.Values.All(f => f.Exact)) return (snapshot, found);
                before = after;
            }
            catch
            {
                await snapshot.DisposeAsync();
                throw;
            }

            await snapshot.DisposeAsync();
        }
    }

    private async Task<Dictionary<string, RepositoryRefs>> RefsAsync(CancellationToken ct)
    {
        Dictionary<string, RepositoryRefs> all = new(StringComparer.Ordinal);
        foreach (var project in repositories.List())
            if (await repositories.RefsAsync(project, ct) is { } refs) all[project] = refs;
        return all;
    }

    private async Task<RepositoryBackup> SaveAsync(PartBox box, string project, RepositoryRefs refs, bool exact, RepositoryBackup? previous, string scratch, CancellationToken ct)
    {
        for (var look = 1; ; look++)
        {
            if (await PacksAsync(box, project, previous, scratch, ct) is { } packs)
                return new RepositoryBackup { Project = project, ObjectFormat = refs.ObjectFormat, Head = refs.Head, Refs = refs.Refs, Packs = packs, Exact = exact };
            if (look == Looks) throw new BackupException($"git kept tidying the mirror of project {project} while it was read. Run the backup again.");
        }
    }

    /// <summary>All objects, reachable or not: a row may name a commit whose branch has moved on. Null when git repacked meanwhile.</summary>
    private async Task<IReadOnlyList<PackBackup>?> PacksAsync(PartBox box, string project, RepositoryBackup? previous, string scratch, CancellationToken ct)
    {
        List<PackBackup> packs = [];
        var objects = repositories.Objects(project);
        try
        {
            foreach (var path in objects.Packs)
            {
                var name = Path.GetFileNameWithoutExtension(path);
                // A pack is named by its content and never changes.
                var known = previous?.Packs.FirstOrDefault(p => p.Name == name && p.Loose is null);
                packs.Add(known is not null && box.Has(known.Part) ? known : new PackBackup(name, await box.PutFileAsync(path, null, ct)));
            }
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        // Repacked while the folder was listed, some objects may have been seen in no pack at all.
        if (objects.Packs.Except(repositories.Objects(project).Packs, StringComparer.Ordinal).Any()) return null;
        if (objects.Loose.Count == 0) return packs;
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', objects.Loose))));
        if (previous?.Packs.FirstOrDefault(p => p.Loose == digest) is { } same && box.Has(same.Part)) return [.. packs, same];
        if (await repositories.PackAsync(project, objects.Loose, scratch, ct) is not { } made) return null;
        packs.Add(new PackBackup(Path.GetFileNameWithoutExtension(made), await box.PutFileAsync(made, null, ct), digest));
        File.Delete(made);
        return packs;
    }

    private async Task<(IReadOnlyList<FileBackup> Files, IReadOnlyList<string> Absent)> SaveFilesAsync(PartBox box, List<string> artifacts, List<string> warnings, CancellationToken ct)
    {
        List<FileBackup> files = [];
        List<string> absent = [];
        foreach (var sha in artifacts)
        {
            var below = $"{Artifacts}/{sha[..2]}/{sha}";
            try
            {
                files.Add(new FileBackup(below, await box.PutFileAsync(Path.Combine(_common, below), sha, ct)));
            }
            catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
            {
                absent.Add(sha);
                warnings.Add($"The artifact {sha} is not in the data folder; it was deleted for its age meanwhile, or is lost.");
            }
        }

        foreach (var (root, path) in Kept().Where(one => File.Exists(one.Path)))
            files.Add(new FileBackup(Path.GetRelativePath(root, path).Replace('\\', '/'), await box.PutFileAsync(path, null, ct)));
        return (files, absent);
    }

    /// <summary>Files that a person writes, and that nothing else holds. What planes share is in the folder that they share.</summary>
    private IEnumerable<(string Root, string Path)> Kept()
    {
        var roles = Path.Combine(_common, "roles");
        foreach (var path in Directory.Exists(roles) ? Directory.GetFiles(roles, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal) : Enumerable.Empty<string>()) yield return (_common, path);
        yield return (_common, Path.Combine(_common, "preferences.md"));
        yield return (dataFolder, Path.Combine(dataFolder, "config.json"));
        yield return (dataFolder, Path.Combine(dataFolder, "models.yaml"));
        yield return (dataFolder, Path.Combine(dataFolder, "prices.yaml"));
    }

    /// <summary>The store as it was at one moment.</summary>
    private sealed record StoreContent(IReadOnlyDictionary<string, string> Meta, List<string> Artifacts, long EventSeq, IReadOnlyList<TableBackup> Tables);
}
