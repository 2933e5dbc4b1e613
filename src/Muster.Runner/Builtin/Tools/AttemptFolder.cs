using Muster.Runner.Executors;
using Muster.Runner.Git;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Builtin.Tools;

/// <summary>
/// The folder an attempt works in. No path leads out of it, by name or by link, nor into git's own files. Where its repository
/// is was learnt before anything could change the file that says so.
/// </summary>
internal sealed class AttemptFolder
{
    private AttemptFolder(string root, Worktree? git, string? repository) => (Root, Git, Repository) = (root, git, repository);

    public string Root { get; }

    /// <summary>Null in a task without a repository.</summary>
    public Worktree? Git { get; }

    /// <summary>Where objects and refs are; shared with other worktrees of the project.</summary>
    public string? Repository { get; }

    /// <summary>What a command inside may read but not change.</summary>
    public IReadOnlyList<string> Guarded => Repository is null ? [] : [Repository, Path.Combine(Root, ".git")];

    public static async Task<AttemptFolder> OpenAsync(Attempt attempt, CancellationToken cancellation)
    {
        var root = Path.GetFullPath(attempt.Folder);
        if (attempt.Git is null) return new AttemptFolder(root, null, null);
        var options = new GitOptions { Marker = attempt.Marker, Environment = [new("GIT_CEILING_DIRECTORIES", Path.GetDirectoryName(root)!)] };
        var said = await GitProgram.RunAsync(root, ["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir"], options, cancellation);
        var lines = said.Split('\n');
        return new AttemptFolder(root, new Worktree(root, lines[0], attempt.Marker), lines[1]);
    }

    /// <summary>Full path of a name that the model gave.</summary>
    /// <exception cref="ToolFailureException">It leads elsewhere.</exception>
    public string Resolve(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal)) throw Refuse(path, "it holds a null character");
        var inside = path == Root ? "" : path.StartsWith(Root + "/", StringComparison.Ordinal) ? path[(Root.Length + 1)..] : path;
        if (Path.IsPathRooted(inside) || inside.StartsWith('~')) throw Refuse(path, "only paths inside the workspace, relative to its root, can be used");
        var full = Root;
        foreach (var part in inside.Split('/').Where(part => part is not ("" or ".")))
        {
            if (part == "..") throw Refuse(path, "'..' is not allowed; name it from the workspace's root");
            // Also as file systems that fold case or trim names would read it.
            if (part.TrimEnd('.', ' ').Equals(".git", StringComparison.OrdinalIgnoreCase)) throw Refuse(path, "git's own files are out of bounds; use the git tool");
            full = Path.Combine(full, part);
            // Of the link itself, not of what it points at; a dangling one counts as well.
            if (new FileInfo(full).LinkTarget is not null) throw Refuse(path, $"'{Name(full)}' is a symbolic link, and links are not followed");
        }

        return full;
    }

    /// <summary>Full path of a regular file that is there.</summary>
    public string Existing(string path)
    {
        var full = Resolve(path);
        if (Directory.Exists(full)) throw new ToolFailureException($"'{path}' is a folder.");
        return File.Exists(full) ? full : throw new ToolFailureException($"There is no file '{path}'. Use list or search to find it.");
    }

    /// <summary>Relative to the root, as the model knows it.</summary>
    public string Name(string full) => full == Root ? "." : Path.GetRelativePath(Root, full);

    private static ToolFailureException Refuse(string path, string why) => new($"The path '{Texts.Cut(path, 200)}' is refused: {why}.");
}
