using System.Runtime.CompilerServices;

namespace Muster.ControlPlane.Backups;

/// <summary>Backups in a folder, readable by their owner only.</summary>
public sealed class FolderPlace(string folder) : IBackupPlace
{
    private const UnixFileMode OwnerFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const string Unfinished = ".new";

    private readonly string _root = Path.GetFullPath(folder);

    public string Description => _root;

    public async Task PutAsync(string name, Stream content, long length, CancellationToken ct)
    {
        var path = PathOf(name);
        var draft = $"{path}.{Guid.NewGuid():N}{Unfinished}";
        MakeFolder(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            await using (var file = new FileStream(draft, options))
            {
                await content.CopyToAsync(file, ct);
                if (file.Length != length) throw new BackupException($"{name} was to have {length} bytes and has {file.Length}; it changed while it was read. Try again.");
                await file.FlushAsync(ct);
                file.Flush(flushToDisk: true);
            }

            File.Move(draft, path, overwrite: true);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    public Task<Stream> OpenAsync(string name, CancellationToken ct)
    {
        try
        {
            return Task.FromResult<Stream>(new FileStream(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 81_920, useAsync: true));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BackupException($"{name} is missing in {_root}.", error);
        }
    }

    public async IAsyncEnumerable<PlaceEntry> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        var below = PathOf(prefix);
        if (!Directory.Exists(below)) yield break;
        foreach (var file in new DirectoryInfo(below).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            ct.ThrowIfCancellationRequested();
            if (!file.Name.EndsWith(Unfinished, StringComparison.Ordinal))
                yield return new PlaceEntry(Path.GetRelativePath(_root, file.FullName).Replace('\\', '/'), file.Length);
        }
    }

    public Task DeleteAsync(string name, CancellationToken ct)
    {
        var path = PathOf(name);
        if (File.Exists(path)) File.Delete(path);
        return Task.CompletedTask;
    }

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        // One by one: the mode is given to the last folder only.
        if (Directory.Exists(path)) return;
        if (Path.GetDirectoryName(path) is { } above) MakeFolder(above);
        Directory.CreateDirectory(path, OwnerFolder);
    }

    /// <summary>Names come from manifests, which are data: none may lead out of the folder.</summary>
    private string PathOf(string name)
    {
        var path = Path.GetFullPath(Path.Combine(_root, name));
        return path.StartsWith(_root.TrimEnd('/') + "/", StringComparison.Ordinal) ? path : throw new BackupException($"'{name}' leads out of {_root}.");
    }
}
