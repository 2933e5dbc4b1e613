namespace Muster.ControlPlane.Backups;

/// <summary>Deletes backups that the rule lets go, then the parts that no backup names any more.</summary>
public static class PruneBackups
{
    /// <summary>No backup runs for so long.</summary>
    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(1);

    /// <summary>Answers how many backups and how many parts are gone.</summary>
    public static async Task<(int Backups, int Parts)> RunAsync(IBackupPlace place, KeepRule rule, TimeProvider time, CancellationToken ct)
    {
        var ids = await BackupManifest.ListAsync(place, ct);
        var superfluous = rule.Superfluous(ids);
        if (superfluous.Count == 0) return (0, 0);
        // A backup that is being written counts on parts that are there; the next run tidies up.
        if (await RunningMark.AnyAsync(place, time.GetUtcNow() - LongestRun, ct)) return (0, 0);
        HashSet<string> named = new(StringComparer.Ordinal);
        foreach (var id in ids.Except(superfluous, StringComparer.Ordinal))
            named.UnionWith((await BackupManifest.ReadAsync(place, id, ct)).Parts().Select(p => p.Sha256));
        // Manifests first: a backup never counts as one while parts of it are missing.
        foreach (var id in superfluous) await place.DeleteAsync(BackupManifest.NameOf(id), ct);
        var orphans = (await PartBox.ListAsync(place, ct)).Keys.Where(sha => !named.Contains(sha)).ToList();
        foreach (var sha in orphans) await place.DeleteAsync(new Part(sha, 0).Name, ct);
        return (superfluous.Count, orphans.Count);
    }
}
