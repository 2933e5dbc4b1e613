using System.Runtime.CompilerServices;
using Muster.ControlPlane.Backups;

namespace Muster.Integrations.S3;

/// <summary>Backups in a bucket. What it writes is there whole or not at all, as S3 has it.</summary>
public sealed class S3Place : IBackupPlace, IDisposable
{
    /// <summary>From here on an upload goes in parts; each is held in memory while it is sent.</summary>
    private const int PartBytes = 32 * 1024 * 1024;

    private readonly S3Address _address;
    private readonly S3Client _client;

    public S3Place(S3Address address, S3Keys keys, TimeProvider time)
    {
        _address = address;
        _client = new S3Client(address, keys, time);
    }

    public string Description => _address.ToString();

    public async Task PutAsync(string name, Stream content, long length, CancellationToken ct)
    {
        if (length > PartBytes)
        {
            await _client.PutLargeAsync(_address.Key(name), content, PartBytes, ct);
            return;
        }

        var bytes = new byte[length];
        await content.ReadExactlyAsync(bytes, ct);
        await _client.PutAsync(_address.Key(name), bytes, ct);
    }

    public Task<Stream> OpenAsync(string name, CancellationToken ct) => _client.GetAsync(_address.Key(name), ct);

    public async IAsyncEnumerable<PlaceEntry> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        var own = _address.Key("");
        await foreach (var entry in _client.ListAsync(_address.Key(prefix), ct)) yield return new PlaceEntry(entry.Name[own.Length..], entry.Size);
    }

    public Task DeleteAsync(string name, CancellationToken ct) => _client.DeleteAsync(_address.Key(name), ct);

    public void Dispose() => _client.Dispose();
}
