using System.Globalization;
using Muster.Contracts;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Operations;

namespace Muster.Integrations.Git;

/// <summary>One mirror, through the git program.</summary>
internal sealed class GitRepository(GitProgram git, string path) : IRepository
{
    private const string OriginHeads = "refs/remotes/origin/";

    public async Task<string?> ResolveAsync(string revision, CancellationToken ct)
    {
        if (revision.Length is 0 or > 400 || revision.Any(char.IsControl)) return null;
        var output = await git.RunAsync(path, ["rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"], ct);
        return output.ExitCode == 0 && GitText.IsCommit(output.Line) ? output.Line : null;
    }

    public async Task<string> TreeAsync(string commit, CancellationToken ct) =>
        (await git.DoAsync(path, ["rev-parse", "--verify", "--end-of-options", Checked(commit) + "^{tree}"], ct)).Line;

    public async Task<bool> IsAncestorAsync(string ancestor, string descendant, CancellationToken ct)
    {
        var output = await git.RunAsync(path, ["merge-base", "--is-ancestor", Checked(ancestor), Checked(descendant)], ct);
        return output.ExitCode switch
        {
            0 => true,
            1 => false,
            // An object that is not there is nobody's ancestor.
            128 when output.Error.Contains("Not a valid commit", StringComparison.Ordinal) => false,
            _ => throw new GitFailedException($"git merge-base failed: {GitProgram.Last(output.Error)}"),
        };
    }

    public async Task<string?> MergeBaseAsync(string one, string other, CancellationToken ct)
    {
        var output = await git.RunAsync(path, ["merge-base", Checked(one), Checked(other)], ct);
        return output.ExitCode == 0 ? output.Line : null;
    }

    public async Task<string?> ReadFileAsync(string commit, string file, int maxBytes, CancellationToken ct)
    {
        var output = await git.RunAsync(path, ["cat-file", "blob", $"{Checked(commit)}:{file}"], ct, limit: maxBytes);
        if (output.Truncated) throw new Refusal(422, ProblemCodes.TooLarge, $"{file} has more than {maxBytes / 1024} KiB.");
        return output.ExitCode == 0 ? output.Text : null;
    }

    public async Task<IReadOnlyList<string>> ListFilesAsync(string commit, CancellationToken ct)
    {
        var output = await git.DoAsync(path, ["ls-tree", "-r", "-z", "--name-only", "--full-tree", Checked(commit)], ct);
        return output.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    public async Task<IReadOnlyList<FileChange>> ChangesAsync(string fromCommit, string toCommit, CancellationToken ct)
    {
        var output = await git.DoAsync(path, ["diff-tree", "-r", "-z", "--numstat", "--no-renames", Checked(fromCommit), Checked(toCommit)], ct);
        return [.. output.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

        // "12<tab>3<tab>path"; a binary file has dashes for its numbers.
        static FileChange Parse(string entry)
        {
            var parts = entry.Split('\t', 3);
            return new FileChange(parts[2], Number(parts[0]), Number(parts[1]));
        }

        static int Number(string text) => int.TryParse(text, out var number) ? number : 0;
    }

    public async Task<(string Text, bool Truncated)> DiffAsync(string fromCommit, string toCommit, int maxBytes, CancellationToken ct)
    {
        var output = await git.RunAsync(path,
            ["diff-tree", "-r", "-M", "--stat", "-p", "--no-ext-diff", "--no-textconv", "--no-color", Checked(fromCommit), Checked(toCommit)], ct, limit: maxBytes);
        if (output is { ExitCode: not 0, Truncated: false }) throw new GitFailedException($"git diff-tree failed: {GitProgram.Last(output.Error)}");
        return (output.Text, output.Truncated);
    }

    public async Task<IReadOnlyList<BranchFact>> BranchesAsync(string targetCommit, int limit, CancellationToken ct)
    {
        var output = await git.DoAsync(path,
            ["for-each-ref", "--sort=-committerdate", $"--count={limit}", "--format=%(objectname)%00%(committerdate:unix)%00%(refname)", "refs/heads", "refs/muster/wip"], ct);
        var branches = new List<BranchFact>();
        foreach (var line in output.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split('\0');
            if (parts.Length != 3 || !long.TryParse(parts[1], NumberStyles.Integer, CultureInfo.InvariantCulture, out var seconds)) continue;
            var counts = await git.RunAsync(path, ["rev-list", "--left-right", "--count", $"{Checked(targetCommit)}...{Checked(parts[0])}"], ct);
            var numbers = counts.Line.Split('\t');
            var known = counts.ExitCode == 0 && numbers.Length == 2;
            branches.Add(new BranchFact(parts[2], parts[0], DateTimeOffset.FromUnixTimeSeconds(seconds),
                known ? int.Parse(numbers[1]) : null, known ? int.Parse(numbers[0]) : null));
        }

        return branches;
    }

    public async Task<IReadOnlyList<string>> RefsAsync(string prefix, CancellationToken ct) =>
        (await git.DoAsync(path, ["for-each-ref", "--format=%(refname)", prefix], ct)).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public Task<MergeOutcome> MergeAsync(string onto, string head, string message, Signature author, CancellationToken ct) =>
        GitMerge.MakeAsync(git, path, Checked(onto), Checked(head), message, author, ct);

    public Task<string> CommitFileAsync(string parent, string file, string text, string message, Signature author, CancellationToken ct) =>
        GitCommit.OfFileAsync(git, path, Checked(parent), file, text, message, author, ct);

    public async Task<IRefMove> PrepareAsync(IReadOnlyList<RefChange> changes, CancellationToken ct) =>
        await GitRefMove.PrepareAsync(git, path, changes, ct);

    public async Task TidyAsync(CancellationToken ct)
    {
        var output = await git.RunAsync(path, ["-c", "gc.auto=2000", "-c", "gc.autoDetach=false", "gc", "--auto", "--quiet"], ct, patient: true);
        if (output.ExitCode != 0) throw new GitFailedException($"git gc failed: {GitProgram.Last(output.Error)}");
    }

    public void ClearLocks(TimeSpan olderThan)
    {
        var refs = Path.Combine(path, "refs");
        var locks = Directory.Exists(refs) ? Directory.EnumerateFiles(refs, "*.lock", SearchOption.AllDirectories) : [];
        foreach (var file in locks.Concat(Directory.EnumerateFiles(path, "*.lock")).ToList())
            if (olderThan == TimeSpan.Zero || DateTime.UtcNow - File.GetLastWriteTimeUtc(file) > olderThan) File.Delete(file);
    }

    public async Task<string> FetchOriginAsync(string repository, string targetBranch, CancellationToken ct)
    {
        var output = await git.RunAsync(path,
            ["fetch", "--quiet", "--prune", "--no-tags", "--no-auto-gc", "--no-write-fetch-head", "--no-recurse-submodules", "--end-of-options", repository,
                $"+refs/heads/*:{OriginHeads}*", "refs/tags/*:refs/tags/*"], ct, personal: true);
        // A tag that was moved at the origin is refused by git and is no reason to stop: the branches are what counts.
        if (output.ExitCode != 0 && !output.Error.Contains("would clobber existing tag", StringComparison.Ordinal))
            throw new Refusal(422, ProblemCodes.RepositoryUnreachable, $"The repository {repository} cannot be read: {GitProgram.Last(output.Error)}");
        return await ResolveAsync(OriginHeads + targetBranch, ct)
            ?? throw new Refusal(422, ProblemCodes.RepositoryUnreachable, $"The repository {repository} no longer has the branch '{targetBranch}'.");
    }

    public async Task<string?> PushOriginAsync(string repository, string commit, string targetBranch, CancellationToken ct)
    {
        // A person's working copy with the target checked out takes the push when nothing in it is uncommitted.
        var output = await git.RunAsync(path,
            ["push", "--quiet", "--porcelain", "--no-force", "--no-signed", "--receive-pack=git -c receive.denyCurrentBranch=updateInstead receive-pack",
                "--end-of-options", repository, $"{Checked(commit)}:refs/heads/{targetBranch}"], ct, personal: true);
        if (output.ExitCode == 0) return null;
        var rejected = output.Text.Split('\n').FirstOrDefault(line => line.StartsWith('!'));
        return rejected?.Split('\t').LastOrDefault() ?? GitProgram.Last(output.Error);
    }

    public Task ServeAsync(GitCall call, CancellationToken ct) => GitHttpBackend.RunAsync(git, path, call, ct);

    private static string Checked(string commit) =>
        GitText.IsCommit(commit) ? commit : throw new ArgumentException($"'{Refusal.Shorten(commit)}' is no commit id.", nameof(commit));
}
