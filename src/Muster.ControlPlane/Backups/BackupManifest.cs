using System.Text.Json;
using Muster.Contracts;

namespace Muster.ControlPlane.Backups;

/// <summary>What a backup holds. Written last: a backup without its manifest was never finished and does not count.</summary>
public sealed record BackupManifest
{
    public const int CurrentFormat = 1;
    private const string Folder = "backups/";

    public int Format { get; init; } = CurrentFormat;

    /// <summary>Names it; sorts by time.</summary>
    public required string Id { get; init; }

    /// <summary>The release that made it.</summary>
    public required string Version { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>The engine it was made from. It can be brought back on any.</summary>
    public required string Engine { get; init; }
    public required int Schema { get; init; }
    public required string Incarnation { get; init; }

    /// <summary>Number of the last event in it.</summary>
    public required long EventSeq { get; init; }
    public required IReadOnlyList<TableBackup> Tables { get; init; }
    public required IReadOnlyList<RepositoryBackup> Repositories { get; init; }

    /// <summary>Artifacts, roles and settings.</summary>
    public required IReadOnlyList<FileBackup> Files { get; init; }

    /// <summary>Artifacts that retention deleted while the backup was made; their rows go when it is brought back.</summary>
    public IReadOnlyList<string> Absent { get; init; } = [];

    /// <summary>Every part, each once.</summary>
    public IEnumerable<Part> Parts() =>
        Tables.SelectMany(t => t.Parts)
            .Concat(Repositories.SelectMany(r => r.Packs.Select(p => p.Part)))
            .Concat(Files.Select(f => f.Part))
            .DistinctBy(p => p.Sha256);

    public long Rows(string table) => Tables.FirstOrDefault(t => t.Name == table)?.Rows ?? 0;

    public static string NameOf(string id) => $"{Folder}{id}.json";

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Wire.Indented);

    /// <summary>Null when it is damaged or of another release: for those who do well without.</summary>
    public static async Task<BackupManifest?> TryReadAsync(IBackupPlace place, string id, CancellationToken ct)
    {
        try
        {
            return await ReadAsync(place, id, ct);
        }
        catch (BackupException)
        {
            return null;
        }
    }

    public static async Task<BackupManifest> ReadAsync(IBackupPlace place, string id, CancellationToken ct)
    {
        await using var stream = await place.OpenAsync(NameOf(id), ct);
        BackupManifest? manifest;
        try
        {
            manifest = await JsonSerializer.DeserializeAsync<BackupManifest>(stream, Wire.Json, ct);
        }
        catch (JsonException error)
        {
            throw new BackupException($"The manifest of {id} in {place.Description} is damaged: {error.Message} Take another backup.", error);
        }

        if (manifest is null) throw new BackupException($"The manifest of {id} in {place.Description} is empty. Take another backup.");
        return manifest.Format <= CurrentFormat
            ? manifest
            : throw new BackupException($"{id} has format {manifest.Format} and this Muster knows {CurrentFormat}: it was made by a newer release. Use that one.");
    }

    /// <summary>Ids of finished backups, oldest first; before all others those that somebody named himself, whose time nobody knows.</summary>
    public static async Task<IReadOnlyList<string>> ListAsync(IBackupPlace place, CancellationToken ct)
    {
        List<string> ids = [];
        await foreach (var entry in place.ListAsync(Folder, ct))
            if (entry.Name.EndsWith(".json", StringComparison.Ordinal)) ids.Add(entry.Name[Folder.Length..^".json".Length]);
        return [.. ids.OrderBy(id => KeepRule.DayOf(id) is not null).ThenBy(id => id, StringComparer.Ordinal)];
    }

    /// <summary>The one that is named, or the newest.</summary>
    public static async Task<BackupManifest> FindAsync(IBackupPlace place, string? id, CancellationToken ct)
    {
        var ids = await ListAsync(place, ct);
        if (ids.Count == 0) throw new BackupException($"There is no finished backup in {place.Description}.");
        var wanted = id is null ? ids[^1] : ids.FirstOrDefault(one => one == id) ?? throw new BackupException($"There is no backup '{id}' in {place.Description}; the newest is {ids[^1]}.");
        return await ReadAsync(place, wanted, ct);
    }
}

/// <summary>Bytes under their own hash, stored once however many backups name them.</summary>
public sealed record Part(string Sha256, long Size)
{
    public const string Folder = "parts/";

    /// <summary>Where it is said of parts that what lies there has another hash: they are sent anew with the next backup.</summary>
    public const string Damaged = "damaged/";

    public string Name => $"{Folder}{Sha256[..2]}/{Sha256}";

    public string DamagedName => Damaged + Sha256;
}

/// <summary>The rows of a table, as JSON lines in gzip parts. <see cref="Sha256"/> is of all lines together, uncompressed.</summary>
public sealed record TableBackup
{
    public required string Name { get; init; }
    public required IReadOnlyList<string> Columns { get; init; }
    public required long Rows { get; init; }
    public required string Sha256 { get; init; }
    public required IReadOnlyList<Part> Parts { get; init; }
}

/// <summary>A bare repository: where its refs stood, and packs that hold every object they need.</summary>
public sealed record RepositoryBackup
{
    public required string Project { get; init; }

    /// <summary>sha1 or sha256.</summary>
    public required string ObjectFormat { get; init; }
    public required string Head { get; init; }

    /// <summary>Commit id, blank, name of the ref.</summary>
    public required IReadOnlyList<string> Refs { get; init; }
    public required IReadOnlyList<PackBackup> Packs { get; init; }

    /// <summary>Whether no ref moved while the store was frozen; if one did, it is newer than the store and never older.</summary>
    public required bool Exact { get; init; }
}

/// <summary>A pack of a repository. <see cref="Loose"/> is the hash of the object ids in one that was made of loose objects.</summary>
public sealed record PackBackup(string Name, Part Part, string? Loose = null);

/// <summary>A file below the data folder.</summary>
public sealed record FileBackup(string Path, Part Part);
