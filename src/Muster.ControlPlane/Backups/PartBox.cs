using System.Security.Cryptography;

namespace Muster.ControlPlane.Backups;

/// <summary>Puts parts into a place, each once: what lies there already is not sent again.</summary>
internal sealed class PartBox
{
    private readonly IBackupPlace _place;
    private readonly Dictionary<string, long> _known;
    private readonly HashSet<string> _damaged;

    private PartBox(IBackupPlace place, Dictionary<string, long> known, HashSet<string> damaged) => (_place, _known, _damaged) = (place, known, damaged);

    /// <summary>Parts that were sent.</summary>
    public int Sent { get; private set; }
    public long SentBytes { get; private set; }

    public static async Task<PartBox> OpenAsync(IBackupPlace place, CancellationToken ct) =>
        new(place, await ListAsync(place, ct), [.. (await ListAsync(place, Part.Damaged, ct)).Keys]);

    /// <summary>Hash and size of every part in a place.</summary>
    public static Task<Dictionary<string, long>> ListAsync(IBackupPlace place, CancellationToken ct) => ListAsync(place, Part.Folder, ct);

    /// <summary>Whether it lies there whole, as far as anybody has looked.</summary>
    public bool Has(Part part) => !_damaged.Contains(part.Sha256) && _known.TryGetValue(part.Sha256, out var size) && size == part.Size;

    public async Task<Part> PutAsync(byte[] bytes, CancellationToken ct)
    {
        var part = new Part(Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.Length);
        await SendAsync(part, () => new MemoryStream(bytes, writable: false), ct);
        return part;
    }

    /// <param name="path">The file.</param>
    /// <param name="sha256">Its hash where it is known, as where it is the file's name.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<Part> PutFileAsync(string path, string? sha256, CancellationToken ct)
    {
        var size = new FileInfo(path).Length;
        if (sha256 is null)
        {
            await using var file = Open(path);
            sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
        }

        var part = new Part(sha256, size);
        await SendAsync(part, () => Open(path), ct);
        return part;
    }

    /// <summary>Whether everything named lies there; asked before the manifest is written, since somebody may have tidied up meanwhile.</summary>
    public async Task RequireAsync(IEnumerable<Part> parts, CancellationToken ct)
    {
        var there = await ListAsync(_place, ct);
        var gone = parts.Count(p => !there.TryGetValue(p.Sha256, out var size) || size != p.Size);
        if (gone > 0) throw new BackupException($"{gone} parts vanished from {_place.Description} while the backup was made; somebody tidied up there. Run it again.");
    }

    private static async Task<Dictionary<string, long>> ListAsync(IBackupPlace place, string folder, CancellationToken ct)
    {
        Dictionary<string, long> known = new(StringComparer.Ordinal);
        await foreach (var entry in place.ListAsync(folder, ct)) known[entry.Name[(entry.Name.LastIndexOf('/') + 1)..]] = entry.Size;
        return known;
    }

    private async Task SendAsync(Part part, Func<Stream> open, CancellationToken ct)
    {
        if (Has(part)) return;
        await using var content = open();
        await _place.PutAsync(part.Name, content, part.Size, ct);
        if (_damaged.Remove(part.Sha256)) await _place.DeleteAsync(part.DamagedName, ct);
        _known[part.Sha256] = part.Size;
        Sent++;
        SentBytes += part.Size;
    }

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 81_920, useAsync: true);
}
