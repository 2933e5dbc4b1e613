using System.Text;
using Muster.ControlPlane.Delivery.Git;

namespace Muster.Integrations.Git;

/// <summary>Merges in the bare mirror, without a working copy.</summary>
internal static class GitMerge
{
    public static async Task<MergeOutcome> MakeAsync(GitProgram git, string repository, string onto, string head, string message, Signature author, CancellationToken ct)
    {
        var merged = await git.RunAsync(repository, ["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", onto, head], ct);
        var parts = merged.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries);
        switch (merged.ExitCode)
        {
            case 0:
                break;
            case 1:
                var files = parts.Skip(1).Distinct(StringComparer.Ordinal).ToList();
                return new MergeOutcome { Conflicts = files, Reason = $"both sides changed {Some(files)}" };
            default:
                var error = GitProgram.Last(merged.Error);
                if (error.Contains("unrelated histories", StringComparison.Ordinal))
                    return new MergeOutcome { Reason = "it does not come from the target's history" };
                throw new GitFailedException($"git merge-tree failed: {error}");
        }

        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["GIT_AUTHOR_NAME"] = author.Name,
            ["GIT_AUTHOR_EMAIL"] = author.Email,
            ["GIT_COMMITTER_NAME"] = GitCommit.PlaneName,
            ["GIT_COMMITTER_EMAIL"] = GitCommit.PlaneEmail,
        };
        var commit = await git.DoAsync(repository, ["commit-tree", parts[0], "-p", onto, "-p", head, "-F", "-"], ct, Encoding.UTF8.GetBytes(message), environment);
        return new MergeOutcome { Commit = commit.Line, Tree = parts[0] };
    }

    private static string Some(List<string> files) =>
        files.Count <= 5 ? string.Join(", ", files) : string.Join(", ", files.Take(5)) + $" and {files.Count - 5} more";
}
