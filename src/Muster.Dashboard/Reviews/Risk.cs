using Muster.Contracts.Delivery;
using Muster.Dashboard.Kit;
using Muster.Dashboard.Kit.Diffs;

namespace Muster.Dashboard.Reviews;

/// <summary>Something about a change that a person should look at first. Found by rule, never by a model.</summary>
/// <param name="Weight">1 worth knowing, 2 look closely, 3 do not pass over it.</param>
/// <param name="Text">What, as a sentence.</param>
public sealed record Risk(int Weight, string Text)
{
    private static readonly (int Weight, string What, Func<string, bool> Is)[] Places =
    [
        (3, "how the project is built or checked", p => p.StartsWith(".github/", StringComparison.Ordinal) || p.StartsWith(".ci/", StringComparison.Ordinal) || p is "muster.yaml" or "Makefile" or "Dockerfile" or ".gitlab-ci.yml" || p.EndsWith(".csproj", StringComparison.Ordinal)),
        (3, "what runs outside the project: hooks, editor or agent settings", p => p.Contains(".git/", StringComparison.Ordinal) || p.StartsWith(".vscode/", StringComparison.Ordinal) || p.StartsWith(".claude/", StringComparison.Ordinal) || p is "AGENTS.md" or "CLAUDE.md" || p.Contains("/hooks/", StringComparison.Ordinal)),
        (2, "what is taken from others: packages and their locks", p => System.IO.Path.GetFileName(p) is "package.json" or "package-lock.json" or "go.mod" or "go.sum" or "packages.lock.json" or "Directory.Packages.props" or "requirements.txt" or "Cargo.toml" or "Cargo.lock" or "Gemfile.lock"),
        (2, "the shape of stored data", p => p.Contains("migration", StringComparison.OrdinalIgnoreCase) || p.EndsWith(".sql", StringComparison.Ordinal)),
        (2, "who may do what, or secrets", p => p.Contains("auth", StringComparison.OrdinalIgnoreCase) || p.Contains("secur", StringComparison.OrdinalIgnoreCase) || p.Contains("secret", StringComparison.OrdinalIgnoreCase) || p.Contains(".env", StringComparison.Ordinal)),
    ];

    public static IReadOnlyList<Risk> Of(PullInfo pull, DiffText? diff)
    {
        List<Risk> risks = [];
        if (pull.Checks.Any(c => c.State is JobState.Failed)) risks.Add(new(3, "A check fails at this commit."));
        else if (pull.Checks.Count == 0) risks.Add(new(3, "No check has run: only your eyes look at it."));
        else if (pull.Checks.Any(c => c.State is JobState.Waiting or JobState.Running)) risks.Add(new(2, "Checks are not through yet."));
        if (diff is not null)
        {
            var files = Diff.Parse(diff.Diff);
            foreach (var (weight, what, isOne) in Places)
                if (files.Where(f => isOne(f.Path)).Select(f => Clean.Line(f.Path, 80)).ToList() is { Count: > 0 } touched) risks.Add(new(weight, $"It changes {what}: {string.Join(", ", touched.Take(3))}{(touched.Count > 3 ? $" and {touched.Count - 3} more" : "")}."));
            if (files.Where(f => f.Change == "deleted").ToList() is { Count: > 0 } gone) risks.Add(new(2, $"It deletes {Words.Count(gone.Count, "file")}: {string.Join(", ", gone.Take(3).Select(f => Clean.Line(f.Path, 80)))}."));
            if (files.Any(IsTest) && files.Where(IsTest).Sum(f => f.Removed) > files.Where(IsTest).Sum(f => f.Added)) risks.Add(new(3, "It takes more away from the tests than it adds."));
            else if (!files.Any(IsTest) && files.Where(f => !IsText(f)).Sum(f => f.Added) > 20) risks.Add(new(1, "It adds code and no test."));
            if (files.Any(f => f.Binary)) risks.Add(new(2, "It holds binary files, which cannot be read here."));
            if (files.Sum(f => f.Added + f.Removed) > 600) risks.Add(new(1, "It is large: more than 600 lines."));
            if (diff.Truncated) risks.Add(new(3, "It is too large to be shown whole."));
        }

        return [.. risks.OrderByDescending(r => r.Weight)];
    }

    private static bool IsText(DiffFile file) => file.Path.EndsWith(".md", StringComparison.OrdinalIgnoreCase) || file.Path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase);

    private static bool IsTest(DiffFile file) => file.Path.Contains("test", StringComparison.OrdinalIgnoreCase) || file.Path.Contains("spec", StringComparison.OrdinalIgnoreCase);
}
