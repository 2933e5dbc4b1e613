using System.Security.Cryptography;

namespace Muster.ControlPlane.Backups;

/// <summary>Deletes backups that the rule lets go, then the parts that no backup names any more.</summary>
public static class PruneBackups
{
    /// <summary>No tidying lasts for so long: what it has not done by then is left to the next.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>No backup runs for so long.</summary>
    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(1);

    /// <summary>Answers how many backups and how many parts are gone.</summary>
    public static async Task<(int Backups, int Parts)> RunAsync(IBackupPlace place, KeepRule rule, TimeProvider time, CancellationToken ct)
    {
        if (rule.Superfluous(await BackupManifest.ListAsync(place, ct)).Count == 0) return (0, 0);
        var began = time.GetUtcNow();
        await using var tidying = await PlaceMark.SetAsync(place, PlaceMark.Tidying, $"{PlaceMark.At(began)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3))}", ct);
        // A backup that is being written counts on parts that are there; the next run tidies up.
        if (await PlaceMark.AnyAsync(place, PlaceMark.Running, began - LongestRun, ct)) return (0, 0);
        // Asked only now: one that ended a moment ago is among them.
        var ids = await BackupManifest.ListAsync(place, ct);
        var superfluous = rule.Superfluous(ids);
        HashSet<string> named = new(StringComparer.Ordinal);
        foreach (var id in ids.Except(superfluous, StringComparer.Ordinal))
            named.UnionWith((await BackupManifest.ReadAsync(place, id, ct)).Parts().Select(p => p.Sha256));
        // Manifests first: a backup never counts as one while parts of it are missing.
        foreach (var id in superfluous) await place.DeleteAsync(BackupManifest.NameOf(id), ct);
        var gone = 0;
        foreach (var sha in (await PartBox.ListAsync(place, ct)).Keys.Where(sha => !named.Contains(sha)))
        {
            // Well before others take its mark for one of the dead.
            if (time.GetUtcNow() - began > Longest * 0.8) break;
            await place.DeleteAsync(new Part(sha, 0).Name, ct);
            gone++;
        }

        return (superfluous.Count, gone);
    }
}
