using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Muster.ControlPlane.Backups;

/// <summary>Makes a store of the rows in a backup, and compares every table with what the manifest says of it.</summary>
internal static class StoreLoad
{
    public static Task RunAsync(IRowEngine engine, IBackupPlace place, BackupManifest manifest, CancellationToken ct) => engine.LoadAsync(manifest.Schema, async sink =>
    {
        var saved = manifest.Tables.ToDictionary(t => t.Name, StringComparer.Ordinal);
        if (saved.Keys.Except(sink.Tables.Select(t => t.Name)).FirstOrDefault() is { } unknown)
            throw new BackupException($"The backup has a table '{unknown}' that schema {manifest.Schema} of this Muster does not know. Bring it back with the release that made it ({manifest.Version}).");
        foreach (var table in sink.Tables)
        {
            if (!saved.TryGetValue(table.Name, out var rows)) continue;
            if (rows.Columns.Except(table.Columns).FirstOrDefault() is { } column)
                throw new BackupException($"The backup has a column '{table.Name}.{column}' that schema {manifest.Schema} of this Muster does not know. Bring it back with the release that made it ({manifest.Version}).");
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await sink.WriteAsync(table, rows.Columns, RowsAsync(place, rows, hash, ct), ct);
            if (Convert.ToHexStringLower(hash.GetHashAndReset()) != rows.Sha256)
                throw new BackupException($"The rows of '{table.Name}' are not those that were saved. Take another backup.");
        }
    }, ct);

    private static async IAsyncEnumerable<object?[]> RowsAsync(IBackupPlace place, TableBackup table, IncrementalHash hash, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var part in table.Parts)
        {
            await using var stream = await place.OpenAsync(part.Name, ct);
            await foreach (var row in RowLines.ReadAsync(stream, table.Columns.Count, hash, ct)) yield return row;
        }
    }
}
