using System.Data;
using System.Security.Cryptography;
using Dapper;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Backups;

/// <summary>What is wrong with a backup; nothing when it is sound.</summary>
public sealed record Verified(BackupManifest Manifest, int Parts, long Bytes, IReadOnlyList<string> Faults);

/// <summary>Looks at a backup: every part by its hash, then what it becomes when it is brought back.</summary>
public static class VerifyBackup
{
    /// <summary>Reads every part.</summary>
    public static async Task<Verified> PartsAsync(IBackupPlace place, BackupManifest manifest, CancellationToken ct)
    {
        List<string> faults = [];
        long bytes = 0;
        var parts = manifest.Parts().ToList();
        foreach (var part in parts)
        {
            try
            {
                await using var stream = await place.OpenAsync(part.Name, ct);
                var found = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, ct));
                if (found != part.Sha256) faults.Add($"{part.Name} is damaged: its hash is {found}. {await TellAsync(place, part, ct)}");
            }
            catch (BackupException missing)
            {
                faults.Add(missing.Message);
            }

            bytes += part.Size;
        }

        return new Verified(manifest, parts.Count, bytes, faults);
    }

    /// <summary>Backups send no part that lies there, and do not read it again: they are told of the damage.</summary>
    private static async Task<string> TellAsync(IBackupPlace place, Part part, CancellationToken ct)
    {
        try
        {
            await place.PutAsync(part.DamagedName, new MemoryStream(), 0, ct);
            return "The next backup sends it anew if what it holds is still there.";
        }
        catch (Exception error) when (error is BackupException or IOException or UnauthorizedAccessException)
        {
            return $"The next backup cannot be told to send it anew ({error.Message}): delete it.";
        }
    }

    /// <summary>What is wrong with a store that was brought back, before anybody opened it: rules, engine, rows.</summary>
    public static async Task<IReadOnlyList<string>> StoreAsync(IRowEngine engine, IRepositoryCopies repositories, BackupManifest manifest, CancellationToken ct)
    {
        await using var connection = await engine.OpenSnapshotAsync(ct, filling: true);
        List<string> faults = [.. await engine.IntegrityAsync(connection, ct), .. (await StoreCheck.RunAsync(connection)).Select(f => f.ToString())];
        // Written out again it must be the same, row by row; where nothing is kept, only the hashes are made.
        var again = await StoreDump.WriteAsync(engine, connection, bytes => Task.FromResult(new Part("", bytes.Length)), ct);
        foreach (var saved in manifest.Tables)
        {
            var table = again.FirstOrDefault(t => t.Name == saved.Name);
            if (table?.Rows != saved.Rows || table.Sha256 != saved.Sha256) faults.Add($"The rows of '{saved.Name}' are not those that were saved ({table?.Rows ?? 0} of {saved.Rows}).");
        }

        faults.AddRange(await MissingCommitsAsync(repositories, connection, ct));
        return faults;
    }

    /// <summary>Commits that the plane wrote down itself and needs: they must be in the mirrors.</summary>
    public static async Task<IReadOnlyList<string>> MissingCommitsAsync(IRepositoryCopies repositories, IDbConnection connection, CancellationToken ct)
    {
        var named = await connection.QueryAsync<(string Project, string Sha)>(
            """
            SELECT project_id, merge_sha FROM pulls WHERE merge_sha IS NOT NULL
            UNION SELECT project_id, head_sha FROM pulls WHERE state IN ('open', 'queued', 'changes_requested')
            UNION SELECT project_id, head_sha FROM merge_queue
            UNION SELECT project_id, candidate_sha FROM merge_queue WHERE candidate_sha IS NOT NULL
            UNION SELECT project_id, merge_sha FROM epic_merges WHERE merge_sha IS NOT NULL
            UNION SELECT project_id, candidate_sha FROM epic_merges WHERE candidate_sha IS NOT NULL
            """);
        List<string> faults = [];
        foreach (var project in named.GroupBy(n => n.Project, n => n.Sha, StringComparer.Ordinal))
            faults.AddRange((await repositories.MissingAsync(project.Key, [.. project], ct)).Select(sha => $"The store names the commit {sha}, which the mirror of project {project.Key} does not have."));
        return faults;
    }
}
