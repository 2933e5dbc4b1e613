using System.Security.Cryptography;
using Muster.Contracts;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Tools;

/// <summary>Files by the hash of their content, in the data folder. The same content is kept once; a file appears whole or not at all.</summary>
public sealed class ArtifactStore(ControlPlaneOptions options)
{
    private readonly string _folder = Path.Combine(options.Common, "artifacts");

    public async Task<(string Sha256, long Size)> PutAsync(Stream content, CancellationToken ct)
    {
        var incoming = Path.Combine(_folder, "incoming");
        Directory.CreateDirectory(incoming);
        var path = Path.Combine(incoming, Path.GetRandomFileName());
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

    public Stream Open(string sha256) => new FileStream(PathOf(sha256), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 81_920, useAsync: true);

    public void Delete(string sha256) => File.Delete(PathOf(sha256));

    private string PathOf(string sha256) => Path.Combine(_folder, sha256[..2], sha256);
}
