using System.Text.RegularExpressions;
using Muster.Runner.Git;
using Muster.Runner.Processes;

namespace Muster.Runner.Workspaces;

/// <summary>
/// One bare clone per project and host; worktrees borrow its objects. Several agent processes use it at once, so what
/// changes it holds a lock between processes.
/// </summary>
public sealed partial class RepositoryCache
{
    // Written anew at each use: an agent's program can reach this file through its worktree, and a filter or
    // alias planted in it would run in everybody's worktree.
    private const string Configuration = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[fetch]\n\tunpackLimit = 1\n";
    private const int PacksBeforeRepacking = 50;

    private readonly string _lockFile;
    private readonly string? _marker;

    private RepositoryCache(string path, string? marker)
    {
        Path = path;
        _lockFile = path + ".lock";
        _marker = marker;
    }

    public string Path { get; }

    public static async Task<RepositoryCache> OpenAsync(HostFolders folders, string projectId, CancellationToken cancellation)
    {
        var cache = new RepositoryCache(System.IO.Path.Combine(folders.Repositories, HostFolders.PlainName(projectId) + ".git"), folders.GitMarker);
        Directory.CreateDirectory(folders.Repositories);
        using var held = await FileLock.TakeAsync(cache._lockFile, cancellation);
        // HEAD is the last file that init writes: without it an earlier init was cut short, and running it again mends that.
        if (!File.Exists(System.IO.Path.Combine(cache.Path, "HEAD")))
            await GitProgram.RunAsync(folders.Repositories, ["init", "--bare", "--quiet", "--template=", "--", cache.Path], new GitOptions { Marker = folders.GitMarker }, cancellation);
        cache.ResetConfiguration();
        return cache;
    }

    /// <summary>Makes sure that the commits are here; asks the remote only for those that are not.</summary>
    /// <param name="remote">Where to ask.</param>
    /// <param name="targetBranch">Fetched too when anything is: gives the next fetch a base to build on.</param>
    /// <param name="commits">Full commit ids that must be here afterwards.</param>
    /// <param name="cancellation">Ends the fetch.</param>
    /// <exception cref="GitException">The remote does not answer, refuses, or does not have one of them.</exception>
    public async Task FetchAsync(GitRemote remote, string? targetBranch, IReadOnlyList<string> commits, CancellationToken cancellation)
    {
        using var held = await FileLock.TakeAsync(_lockFile, cancellation);
        var missing = new List<string>();
        foreach (var commit in commits.Select(CommitId.Require).Distinct(StringComparer.Ordinal))
        {
            if (!await HasAsync(commit, cancellation)) missing.Add(commit);
        }

        if (missing.Count == 0) return;
        if (targetBranch is not null) missing.Insert(0, $"+refs/heads/{targetBranch}:refs/remotes/plane/{targetBranch}");
        string[] arguments = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--end-of-options", remote.Url, .. missing];
        // Left by a fetch that was killed; whoever fetches holds our lock, so nobody needs it any more.
        var tracking = System.IO.Path.Combine(Path, "refs", "remotes");
        if (Directory.Exists(tracking)) DeleteLocks(Directory.EnumerateFiles(tracking, "*.lock", SearchOption.AllDirectories));
        await RunAsync(arguments, cancellation, new GitOptions { Remote = remote, Timeout = TimeSpan.FromMinutes(15) });
    }

    public async Task<bool> HasAsync(string commit, CancellationToken cancellation) =>
        (await TryAsync(["cat-file", "-e", CommitId.Require(commit) + "^{commit}"], cancellation)).Ok;

    /// <summary>A new worktree, detached at the commit.</summary>
    public async Task<Worktree> AddWorktreeAsync(string path, string commit, CancellationToken cancellation)
    {
        using var held = await FileLock.TakeAsync(_lockFile, cancellation);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        // Forced twice: git lets no one else have the path of a worktree whose making was cut short.
        string[] arguments = ["worktree", "add", "--quiet", "--force", "--force", "--detach", "--", path, CommitId.Require(commit)];
        await RunAsync(arguments, cancellation, new GitOptions { Timeout = TimeSpan.FromMinutes(10) });
        var link = await File.ReadAllTextAsync(System.IO.Path.Combine(path, ".git"), cancellation);
        return new Worktree(path, System.IO.Path.GetFullPath(link["gitdir: ".Length..].Trim(), path), _marker);
    }

    /// <summary>Deletes a worktree with all in it. The caller has made sure that nothing is lost.</summary>
    public async Task RemoveWorktreeAsync(string path, CancellationToken cancellation)
    {
        using var held = await FileLock.TakeAsync(_lockFile, cancellation);
        FolderRemoval.Delete(path);
        await RunAsync(["worktree", "prune", "--expire=now"], cancellation);
    }

    /// <summary>Puts a branch at a commit and frees it from older worktrees, whose HEAD stays at the commit it is at.</summary>
    internal async Task TakeBranchAsync(string branch, string commit, Worktree worktree, CancellationToken cancellation)
    {
        using var held = await FileLock.TakeAsync(_lockFile, cancellation);
        var reference = "refs/heads/" + branch;
        var heads = Directory.EnumerateFiles(System.IO.Path.Combine(Path, "worktrees"), "HEAD", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 });
        foreach (var head in heads)
        {
            if ((await File.ReadAllTextAsync(head, cancellation)).Trim() != $"ref: {reference}") continue;
            var old = await TryAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", reference], cancellation);
            if (old.Ok) await File.WriteAllTextAsync(head, old.Text + "\n", cancellation);
        }

        DeleteLocks([System.IO.Path.Combine(Path, reference + ".lock")]);
        await RunAsync(["update-ref", "--", reference, CommitId.Require(commit)], cancellation);
        await worktree.RunAsync(["symbolic-ref", "HEAD", reference], cancellation);
    }

    /// <summary>Packs what many small fetches left. Objects that nothing refers to stay for two weeks.</summary>
    public async Task TidyAsync(CancellationToken cancellation)
    {
        using var held = await FileLock.TakeAsync(_lockFile, cancellation);
        var packs = new DirectoryInfo(System.IO.Path.Combine(Path, "objects", "pack"));
        if (!packs.Exists || packs.EnumerateFiles("*.pack").Count() < PacksBeforeRepacking) return;
        await RunAsync(["gc", "--quiet", "--prune=14.days.ago"], cancellation, new GitOptions { Timeout = TimeSpan.FromMinutes(30) });
    }

    /// <summary>Deletes locks that killed git commands have left. Nothing of this host may be running.</summary>
    internal static void DeleteLeftovers(HostFolders folders)
    {
        if (Directory.Exists(folders.Repositories)) DeleteLocks(Directory.EnumerateFiles(folders.Repositories, "*.lock", SearchOption.AllDirectories));
    }

    private static void DeleteLocks(IEnumerable<string> files)
    {
        foreach (var file in files.Where(File.Exists).ToList()) File.Delete(file);
    }

    private Task<string> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation, GitOptions? options = null) =>
        GitProgram.RunAsync(Path, arguments, (options ?? new GitOptions()) with { Marker = _marker }, cancellation);

    private Task<GitResult> TryAsync(IReadOnlyList<string> arguments, CancellationToken cancellation) =>
        GitProgram.TryAsync(Path, arguments, new GitOptions { Marker = _marker }, cancellation);

    private void ResetConfiguration()
    {
        var config = System.IO.Path.Combine(Path, "config");
        var format = ObjectFormat().Match(File.Exists(config) ? File.ReadAllText(config) : "");
        // Only the one extension that says how objects are named survives.
        var wanted = format.Success ? Configuration.Replace("version = 0", "version = 1", StringComparison.Ordinal) + "[extensions]\n\tobjectFormat = sha256\n" : Configuration;
        if (!File.Exists(config) || File.ReadAllText(config) != wanted) File.WriteAllText(config, wanted);
        File.Delete(System.IO.Path.Combine(Path, "config.worktree"));
        if (Directory.Exists(System.IO.Path.Combine(Path, "info"))) File.Delete(System.IO.Path.Combine(Path, "info", "attributes"));
    }

    [GeneratedRegex("objectFormat = sha256", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ObjectFormat();
}
