using System.Text;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Git;

/// <summary>Mirrors as a backup sees them: packs, which never change, and refs.</summary>
public sealed class GitCopies : IRepositoryCopies
{
    private readonly string _folder;
    private readonly GitProgram _git;

    public GitCopies(GitOptions options)
    {
        _folder = Path.GetFullPath(options.Folder);
        _git = new GitProgram(options with { Folder = _folder });
    }

    public IReadOnlyList<string> List() => !Directory.Exists(_folder)
        ? []
        : [.. Directory.EnumerateDirectories(_folder).Where(d => File.Exists(Path.Combine(d, "repo.git", "HEAD"))).Select(d => Path.GetFileName(d)).Where(Ids.IsId).Order(StringComparer.Ordinal)];

    public async Task<RepositoryRefs?> RefsAsync(string projectId, CancellationToken ct)
    {
        var path = PathOf(projectId);
        if (!File.Exists(Path.Combine(path, "HEAD"))) return null;
        var format = (await _git.DoAsync(path, ["rev-parse", "--show-object-format"], ct)).Line;
        var head = (await _git.DoAsync(path, ["symbolic-ref", "HEAD"], ct)).Line;
        var refs = (await _git.DoAsync(path, ["for-each-ref", "--format=%(objectname) %(refname)"], ct)).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return new RepositoryRefs(format, head, refs);
    }

    public RepositoryObjects Objects(string projectId)
    {
        var objects = Path.Combine(PathOf(projectId), "objects");
        // Loose ones first: git writes the pack before it takes them away, so that none is seen in neither.
        List<string> loose = [];
        foreach (var fan in new DirectoryInfo(objects).EnumerateDirectories("??"))
            loose.AddRange(fan.EnumerateFiles().Select(f => fan.Name + f.Name).Where(GitText.IsCommit));
        loose.Sort(StringComparer.Ordinal);
        var pack = Path.Combine(objects, "pack");
        var packs = Directory.Exists(pack) ? Directory.EnumerateFiles(pack, "pack-*.pack").Where(p => File.Exists(Path.ChangeExtension(p, ".idx"))) : [];
        return new RepositoryObjects([.. packs.Order(StringComparer.Ordinal)], loose);
    }

    public async Task<string?> PackAsync(string projectId, IReadOnlyList<string> loose, string folder, CancellationToken ct)
    {
        var input = Encoding.ASCII.GetBytes(string.Join('\n', loose) + "\n");
        var output = await _git.RunAsync(PathOf(projectId), ["-c", "pack.threads=1", "pack-objects", "--quiet", "--non-empty", Path.Combine(folder, "pack")], ct, input, patient: true);
        if (output.ExitCode != 0)
            return Objects(projectId).Loose.Intersect(loose, StringComparer.Ordinal).Count() < loose.Count ? null : throw new BackupException($"git pack-objects failed for project {projectId}: {GitProgram.Last(output.Error)}");
        return Path.Combine(folder, $"pack-{output.Line}.pack");
    }

    public async Task RestoreAsync(string projectId, RepositoryRefs refs, IReadOnlyList<(string Name, Func<Task<Stream>> Open)> packs, CancellationToken ct)
    {
        var path = PathOf(projectId);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (refs.ObjectFormat is not ("sha1" or "sha256")) throw new BackupException($"The backup names the object format '{refs.ObjectFormat}', which git does not have.");
        await _git.DoAsync(null, ["init", "--quiet", "--bare", "--template=", $"--object-format={refs.ObjectFormat}", path], ct);
        if (!GitText.IsRef(refs.Head)) throw Damaged(projectId, $"HEAD is '{refs.Head}'");
        await _git.DoAsync(path, ["symbolic-ref", "HEAD", refs.Head], ct);
        foreach (var (name, open) in packs) await AddAsync(projectId, path, name, open, ct);

        var lines = new StringBuilder("start\n");
        foreach (var line in refs.Refs)
        {
            var blank = line.IndexOf(' ', StringComparison.Ordinal);
            if (blank < 0 || !GitText.IsCommit(line[..blank]) || !GitText.IsRef(line[(blank + 1)..])) throw Damaged(projectId, $"a ref is '{line}'");
            lines.Append($"create {line[(blank + 1)..]} {line[..blank]}\n");
        }

        lines.Append("prepare\ncommit\n");
        var moved = await _git.RunAsync(path, ["update-ref", "--stdin", "--no-deref"], ct, Encoding.UTF8.GetBytes(lines.ToString()), patient: true);
        if (moved.ExitCode != 0) throw Damaged(projectId, GitProgram.Last(moved.Error));
        var checkedNow = await _git.RunAsync(path, ["fsck", "--connectivity-only", "--no-dangling", "--no-progress"], ct, patient: true);
        if (checkedNow.ExitCode != 0) throw Damaged(projectId, GitProgram.Last(checkedNow.Error + "\n" + checkedNow.Text));
    }

    public async Task<IReadOnlyList<string>> MissingAsync(string projectId, IReadOnlyCollection<string> commits, CancellationToken ct)
    {
        var path = PathOf(projectId);
        if (!File.Exists(Path.Combine(path, "HEAD"))) return [.. commits];
        var answer = await _git.DoAsync(path, ["cat-file", "--batch-check"], ct, Encoding.ASCII.GetBytes(string.Join('\n', commits.Where(GitText.IsCommit)) + "\n"));
        return [.. answer.Text.Split('\n').Where(l => l.EndsWith(" missing", StringComparison.Ordinal)).Select(l => l.Split(' ')[0])];
    }

    /// <summary>Indexing reads the whole pack and hashes every object in it, so what is damaged is not taken.</summary>
    private async Task AddAsync(string projectId, string path, string name, Func<Task<Stream>> open, CancellationToken ct)
    {
        if (!name.StartsWith("pack-", StringComparison.Ordinal) || !name[5..].All(char.IsAsciiHexDigitLower)) throw Damaged(projectId, $"a pack is called '{name}'");
        var file = Path.Combine(path, "objects", "pack", name + ".pack");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await using (var from = await open())
        await using (var to = new FileStream(file, FileMode.CreateNew, FileAccess.Write))
        {
            await from.CopyToAsync(to, ct);
            to.Flush(flushToDisk: true);
        }

        var indexed = await _git.RunAsync(path, ["index-pack", file], ct, patient: true);
        if (indexed.ExitCode != 0) throw Damaged(projectId, GitProgram.Last(indexed.Error));
    }

    private string PathOf(string projectId) =>
        Ids.IsId(projectId) ? Path.Combine(_folder, projectId, "repo.git") : throw new BackupException($"'{projectId}' is no id of a project. The backup is damaged, or not ours.");

    private static BackupException Damaged(string projectId, string why) => new($"The repository of project {projectId} cannot be brought back: {why}. Restore an older backup.");
}
