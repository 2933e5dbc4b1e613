using Muster.Contracts;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Git;

/// <summary>The mirrors on disk: <c>FOLDER/ID/repo.git</c>.</summary>
public sealed class GitRepositories : IRepositories
{
    private static readonly Version Oldest = new(2, 38);
    private readonly GitOptions _options;
    private readonly GitProgram _git;

    public GitRepositories(GitOptions options)
    {
        _options = options with { Folder = Path.GetFullPath(options.Folder) };
        Directory.CreateDirectory(_options.Folder);
        _git = new GitProgram(_options);
    }

    public async Task<string?> CheckAsync(CancellationToken ct)
    {
        try
        {
            var text = (await _git.DoAsync(null, ["--version"], ct)).Line;
            var number = text.Split(' ').ElementAtOrDefault(2) ?? "";
            var parts = number.Split('.');
            if (parts.Length < 2 || !int.TryParse(parts[0], out var major) || !int.TryParse(parts[1], out var minor))
                return $"'{text}' is no version of git that Muster understands: install git {Oldest} or newer.";
            return new Version(major, minor) < Oldest ? $"git is {number}: install git {Oldest} or newer." : null;
        }
        catch (GitFailedException error)
        {
            return error.Message;
        }
    }

    public async Task<MirrorMade> CreateAsync(string projectId, string repository, string? targetBranch, CancellationToken ct)
    {
        CheckAddress(repository);
        if (targetBranch is not null && !GitText.IsRef("refs/heads/" + targetBranch))
            throw Refusal.Invalid("targetBranch", $"'{Refusal.Shorten(targetBranch)}' is no name for a branch.");
        var origin = await LookAsync(repository, ct);
        var target = targetBranch ?? origin.Head ?? throw Unreachable($"The repository {repository} does not say which branch is its default: name the target branch.");
        if (!origin.Branches.TryGetValue(target, out var sha)) throw MissingTarget(repository, target, origin);

        var path = PathOf(projectId);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var format = sha.Length == 64 ? "sha256" : "sha1";
        await _git.DoAsync(null, ["init", "--quiet", "--bare", "--template=", $"--object-format={format}", path], ct);
        await _git.DoAsync(path, ["symbolic-ref", "HEAD", "refs/heads/" + target], ct);
        var mirror = new GitRepository(_git, path);
        var fetched = await mirror.FetchOriginAsync(repository, target, ct);
        var existing = await mirror.ResolveAsync("refs/heads/" + target, ct);
        if (existing is not null) return new MirrorMade(target, existing);
        await using var move = await mirror.PrepareAsync([new RefChange("refs/heads/" + target, fetched)], ct);
        move.Commit();
        return new MirrorMade(target, fetched);
    }

    public IRepository? Open(string projectId)
    {
        var path = PathOf(projectId);
        return File.Exists(Path.Combine(path, "HEAD")) ? new GitRepository(_git, path) : null;
    }

    public void Delete(string projectId)
    {
        var folder = Path.GetDirectoryName(PathOf(projectId))!;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    public Task<bool> KeepAsync(string folder, IReadOnlyList<string> leftOut, CancellationToken ct) => GitCommit.OfFolderAsync(_git, Path.GetFullPath(folder), leftOut, ct);

    private string PathOf(string projectId)
    {
        if (!Ids.IsId(projectId)) throw new ArgumentException("A project's id is a UUID.", nameof(projectId));
        return Path.Combine(_options.Folder, projectId, "repo.git");
    }

    private async Task<Origin> LookAsync(string repository, CancellationToken ct)
    {
        var output = await _git.RunAsync(null, ["ls-remote", "--symref", "--", repository, "HEAD", "refs/heads/*"], ct, personal: true);
        if (output.ExitCode != 0) throw Unreachable(Explain(repository, output.Error));
        var origin = new Origin();
        foreach (var line in output.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab < 0) continue;
            var (value, name) = (line[..tab], line[(tab + 1)..]);
            if (value.StartsWith("ref: refs/heads/", StringComparison.Ordinal) && name == "HEAD") origin.Head = value["ref: refs/heads/".Length..];
            else if (name.StartsWith("refs/heads/", StringComparison.Ordinal) && GitText.IsCommit(value)) origin.Branches[name["refs/heads/".Length..]] = value;
        }

        if (origin.Branches.Count == 0)
            throw Unreachable($"The repository {repository} is empty: make a first commit there (git commit --allow-empty -m Start), then try again.");
        return origin;
    }

    private static void CheckAddress(string repository)
    {
        var isUrl = repository.Contains("://", StringComparison.Ordinal) || IsSshShort(repository);
        var bad = repository.Length is 0 or > 2000 || repository.StartsWith('-') || repository.Any(char.IsControl)
            || repository.Contains("::", StringComparison.Ordinal);
        if (bad) throw Refusal.Invalid("repository", "The repository is a full path on this machine or an https, ssh, git or file URL.");
        if (RepositoryAddress.HoldsSecret(repository))
            throw Refusal.Invalid("repository", "The repository's URL carries a name or password, which everybody who sees the project would see. Leave it out, and let git know it: git config --global credential.helper store, then git ls-remote URL once, as the user that runs the plane.");
        if (isUrl) return;
        if (!Path.IsPathFullyQualified(repository)) throw Refusal.Invalid("repository", $"'{Refusal.Shorten(repository)}' is not a full path: write it from the root, such as /home/me/app.");
        if (!Directory.Exists(repository) && !File.Exists(repository))
            throw Unreachable($"There is no folder {repository}. Check the path; it is looked up on the machine of the plane.");
    }

    /// <summary>git's short form of an ssh address, <c>user@host:path</c>.</summary>
    private static bool IsSshShort(string repository)
    {
        var colon = repository.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && !repository[..colon].Contains('/', StringComparison.Ordinal);
    }

    private static Refusal MissingTarget(string repository, string target, Origin origin)
    {
        var some = string.Join(", ", origin.Branches.Keys.Order(StringComparer.Ordinal).Take(5));
        return Unreachable($"The repository {repository} has no branch '{target}'; it has {some}. Name one of them as the target branch, or make the branch first.");
    }

    private static string Explain(string repository, string error)
    {
        var reason = GitProgram.Last(error);
        var hint = reason switch
        {
            _ when reason.Contains("dubious ownership", StringComparison.Ordinal) =>
                $"It belongs to another user; allow it with: git config --global --add safe.directory {repository}",
            _ when reason.Contains("not appear to be a git repository", StringComparison.Ordinal) => "Make it one (git init, then a first commit) or check the path.",
            _ when reason.Contains("could not read Username", StringComparison.Ordinal) || reason.Contains("Permission denied", StringComparison.Ordinal)
                || reason.Contains("Authentication failed", StringComparison.Ordinal) =>
                "Give the user that runs the plane access (an ssh key or a git credential helper).",
            _ => $"Check that this works for the user that runs the plane: git ls-remote {repository}",
        };
        return $"The repository {repository} cannot be read: {reason.TrimEnd('.')}. {hint}";
    }

    private static Refusal Unreachable(string detail) => new(422, ProblemCodes.RepositoryUnreachable, detail);

    private sealed class Origin
    {
        public string? Head { get; set; }
        public Dictionary<string, string> Branches { get; } = new(StringComparer.Ordinal);
    }
}
