using System.Security.Cryptography;
using Muster.Contracts;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tools;

/// <summary>Files by the hash of their content, in the data folder. The same content is kept once; a file appears whole or not at all.</summary>
public sealed class ArtifactStore(ControlPlaneOptions options)
{
    private readonly string _folder = Path.Combine(options.Common, "artifacts");

    private string Incoming => Path.Combine(_folder, "incoming");

    public async Task<(string Sha256, long Size)> PutAsync(Stream content, CancellationToken ct)
    {
        Directory.CreateDirectory(Incoming);
        var path = Path.Combine(Incoming, Path.GetRandomFileName());
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long size = 0;
            await using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 81_920, useAsync: true))
            {
                var buffer = new byte[81_920];
                int read;
                while ((read = await content.ReadAsync(buffer, ct)) > 0)
                {
                    if ((size += read) > options.ArtifactLimitBytes)
                        throw new Refusal(413, ProblemCodes.TooLarge, $"An artifact has at most {options.ArtifactLimitBytes / 1_048_576} MiB.");
                    hash.AppendData(buffer, 0, read);
                    await file.WriteAsync(buffer.AsMemory(0, read), ct);
                }

                await file.FlushAsync(ct);
                file.Flush(flushToDisk: true);
            }

            var sha = Convert.ToHexStringLower(hash.GetHashAndReset());
            var target = PathOf(sha);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Move(path, target, overwrite: true);
            return (sha, size);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public Stream Open(string sha256)
    {
        try
        {
            return new FileStream(PathOf(sha256), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 81_920, useAsync: true);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new Refusal(404, ProblemCodes.NotFound, $"The content of this artifact ({sha256[..12]}) is not in the plane's data folder; bring the folder 'artifacts' back from a backup.");
        }
    }

    /// <summary>
    /// Before a row names the content: it may have been removed since it was put there, because its last row had gone. Whoever writes
    /// the row and whoever removes the file have the store to themselves meanwhile, so that one sees what the other did.
    /// </summary>
    public void Require(string sha256)
    {
        if (!File.Exists(PathOf(sha256))) throw new Refusal(503, ProblemCodes.Unavailable, "The same content was removed at this moment. Send it again.");
    }

    /// <summary>Removes content that no row names.</summary>
    public Task RemoveUnnamedAsync(Store store, string sha256, CancellationToken ct) => store.WriteAsync(tx =>
    {
        if (tx.QueryFirst<int>("SELECT COUNT(*) FROM artifacts WHERE sha256 = @sha256", new { sha256 }) == 0) File.Delete(PathOf(sha256));
    }, ct);

    /// <summary>Removes what uploads left behind that ended with their process.</summary>
    public void RemoveUnfinished(DateTime before)
    {
        if (!Directory.Exists(Incoming)) return;
        foreach (var file in Directory.EnumerateFiles(Incoming).Where(f => File.GetLastWriteTimeUtc(f) < before).ToList()) File.Delete(file);
    }

    private string PathOf(string sha256) => Path.Combine(_folder, sha256[..2], sha256);
}
