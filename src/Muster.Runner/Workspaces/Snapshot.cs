using Muster.Runner.Git;

namespace Muster.Runner.Workspaces;

/// <summary>Everything in a worktree that is not ignored, as git objects, without touching its branch or index.</summary>
/// <param name="Head">HEAD at the time.</param>
/// <param name="Tree">Tree of all files.</param>
/// <param name="Clean">Whether that is HEAD's own tree.</param>
/// <param name="Complete">False when something could not be taken in: an unreadable file, or a repository inside the worktree.</param>
internal sealed record Snapshot(string Head, string Tree, bool Clean, bool Complete)
{
    /// <param name="worktree">Where.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="GitException">The files changed under our hands, or the disk is full.</exception>
    public static async Task<Snapshot> TakeAsync(Worktree worktree, CancellationToken cancellation)
    {
        var index = Path.Combine(worktree.GitFolder, $"muster-index-{Guid.CreateVersion7():n}");
        try
        {
            // The real index knows which files are unchanged; starting from a copy saves reading them all again.
            var real = Path.Combine(worktree.GitFolder, "index");
            if (File.Exists(real)) File.Copy(real, index);
            var options = new GitOptions { Environment = [new("GIT_INDEX_FILE", index)], Timeout = TimeSpan.FromMinutes(5) };
            var head = await worktree.HeadAsync(cancellation);
            var complete = await StageAllAsync(worktree, options, cancellation);
            var tree = await worktree.RunAsync(["write-tree"], cancellation, options);
            var headTree = await worktree.RunAsync(["rev-parse", "--verify", head + "^{tree}"], cancellation);
            return new Snapshot(head, tree, tree == headTree, complete);
        }
        finally
        {
            File.Delete(index);
            File.Delete(index + ".lock");
        }
    }

    /// <summary>Repositories inside the worktree that are at another commit than the target has them at.</summary>
    public async Task<IReadOnlyList<string>> MovedRepositoriesAsync(Worktree worktree, string target, CancellationToken cancellation)
    {
        var changed = await worktree.RunAsync(["diff-tree", "-r", target, Tree], cancellation, new GitOptions { Wanted = IsRepository });
        return [.. Repositories(changed, " 160000 ", sha: 3).Keys.Where(worktree.HoldsFiles)];
    }

    /// <summary>Stages all but ignored files. False when something had to be left out.</summary>
    internal static async Task<bool> StageAllAsync(Worktree worktree, GitOptions options, CancellationToken cancellation)
    {
        // A repository inside brings its own configuration, whose programs git runs, outside of any sandbox, to see what
        // changed in it. Git asks only those that the index knows.
        var known = Repositories(await worktree.RunAsync(["ls-files", "--stage"], cancellation, options with { Wanted = IsRepository }), "160000 ", sha: 1);
        await PutAsync(worktree, options, known.Select(entry => Entry("0", entry)), cancellation);
        var added = await worktree.TryAsync(["add", "--all", "--ignore-errors"], cancellation, options);
        if (added.ExitCode is not (0 or 1)) throw GitException.From(["add"], added);

        var changed = await worktree.RunAsync(["diff-index", "--cached", "HEAD"], cancellation, options with { Wanted = IsRepository });
        // What the index did not know was taken out by the agent, or by us before something stopped us; he would have taken its folder too.
        var unfilled = Repositories(changed, ":160000 000000 ", sha: 2).Where(entry => worktree.Holds(entry.Key) && (known.ContainsKey(entry.Key) || !worktree.HoldsFiles(entry.Key))).ToList();
        // Git would record such a folder as a bare commit id that nobody else can fetch.
        var found = Repositories(changed, " 160000 ", sha: 2).ExceptBy(Repositories(changed, ":160000 160000 ", sha: 2).Keys, entry => entry.Key).ToList();
        await PutAsync(worktree, options, [.. unfilled.Select(entry => Entry("160000", new(entry.Key, known.GetValueOrDefault(entry.Key, entry.Value)))), .. found.Select(entry => Entry("0", entry))], cancellation);
        return added.Ok && found.Count == 0 && !unfilled.Exists(entry => worktree.HoldsFiles(entry.Key));
    }

    private static bool IsRepository(string line) => line.AsSpan(0, Math.Min(line.Length, 15)).Contains("160000 ", StringComparison.Ordinal);

    // Commit by path of those lines; the path as git writes it, and takes it back.
    private static Dictionary<string, string> Repositories(string lines, string modes, int sha) => lines
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split('\t', 2))
        .Where(parts => parts[0].Contains(modes, StringComparison.Ordinal))
        .DistinctBy(parts => parts[1])
        .ToDictionary(parts => parts[1], parts => parts[0].Split(' ')[sha]);

    private static string Entry(string mode, KeyValuePair<string, string> entry) => $"{mode} {entry.Value}\t{entry.Key}\n";

    private static async Task PutAsync(Worktree worktree, GitOptions options, IEnumerable<string> entries, CancellationToken cancellation)
    {
        var lines = string.Concat(entries);
        if (lines.Length > 0) await worktree.RunAsync(["update-index", "--add", "--replace", "--index-info"], cancellation, options with { StdinText = lines });
    }
}
