using System.Text.RegularExpressions;
using Muster.Runner.Executors;
using Muster.Runner.Git;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Builtin.Tools;

/// <summary>Looking at the repository, and committing. There is no push: the runner hands in what is committed.</summary>
internal sealed partial class GitTool(Attempt attempt, AttemptFolder folder, Worktree git, Progression progression)
{
    private static readonly string[] Actions = ["status", "diff", "log", "show", "commit"];

    public IEnumerable<AgentTool> Tools =>
    [
        AgentTool.Create("git", "status, diff (uncommitted, or since a revision), log, show (a commit, or revision:path), commit (everything that git does not ignore). Pushing is not yours to do and not needed.",
            [
                new("action", "string", "What to do") { Values = Actions },
                new("message", "string", "For commit: what was done and why", Required: false),
                new("revision", "string", "For diff, log, show: a commit, branch or tag", Required: false),
                new("path", "string", "For diff, log: only this file or folder", Required: false),
                new("limit", "integer", "For log: number of commits, 20 when left out", Required: false),
            ], RunAsync),
    ];

    private Task<string> RunAsync(ToolArguments arguments, CancellationToken cancellation) => arguments.Text("action") switch
    {
        "status" => GitAsync(["status", "--short", "--branch", "--untracked-files=all", Worktree.NotInside], cancellation),
        "diff" => GitAsync(["diff", "--stat", "--patch", "--no-ext-diff", "--no-textconv", "--no-color", Worktree.NotInside, Revision(arguments) ?? "HEAD", "--", .. Paths(arguments)], cancellation),
        "log" => GitAsync(["log", "--format=%h %an, %ad: %s", "--date=short", $"--max-count={arguments.Number("limit", 20, 1, 200)}", Revision(arguments) ?? "HEAD", "--", .. Paths(arguments)], cancellation),
        "show" => GitAsync(["show", "--stat", "--patch", "--no-ext-diff", "--no-textconv", "--no-color", Revision(arguments) ?? "HEAD"], cancellation),
        "commit" => CommitAsync(arguments.Text("message"), cancellation),
        var other => throw new ToolFailureException($"There is no action '{other}'; there are {string.Join(", ", Actions)}."),
    };

    private async Task<string> CommitAsync(string message, CancellationToken cancellation)
    {
        if (string.IsNullOrWhiteSpace(message) || message.Length > 10_000) throw new ToolFailureException("The message must say in a few lines what was done.");
        if (!await attempt.CommitAsync(message, cancellation)) return "There is nothing to commit.";
        progression.Committed();
        return $"Committed: {await git.RunAsync(["log", "--max-count=1", "--format=%h %s", "--shortstat"], cancellation)}";
    }

    private async Task<string> GitAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        var result = await git.TryAsync(command, cancellation, new GitOptions { Timeout = TimeSpan.FromSeconds(60) });
        if (!result.Ok) throw new ToolFailureException(result.Error.Trim() is { Length: > 0 } said ? said : $"git {command[0]} exited with code {result.ExitCode}.");
        return result.Output.Length == 0 ? "Nothing." : result.Output;
    }

    private string[] Paths(ToolArguments arguments)
    {
        if (arguments.OptionalText("path") is not { Length: > 0 } path) return [];
        var full = folder.Resolve(path);
        return full == folder.Root ? [] : [":(literal)" + folder.Name(full)];
    }

    // A revision may begin with no dash, and names no file of git's own: 'show :0:.git' finds nothing in any case.
    private static string? Revision(ToolArguments arguments)
    {
        if (arguments.OptionalText("revision") is not { Length: > 0 } revision) return null;
        return Safe().IsMatch(revision) ? revision : throw new ToolFailureException($"'{Texts.Cut(revision, 100)}' is not a revision.");
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_./:^~@{}+ -]{0,300}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Safe();
}
