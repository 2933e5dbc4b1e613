using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Rules;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>Decides whether a person must approve a change, and says every reason. Pure.</summary>
public static class ApprovalPolicy
{
    /// <summary>Files and folders at the root that steer checks, deployments, hosted CI or what a fleet's agents are told.</summary>
    private static readonly string[] AtRoot =
    [
        "muster.yaml", ".github/", ".gitea/", ".forgejo/", ".gitlab-ci.yml", ".gitlab/", ".ci/", ".circleci/", ".woodpecker", ".drone.yml",
        "fleet/", "Jenkinsfile", "azure-pipelines.yml", ".travis.yml", ".buildkite/", ".gitmodules", ".gitconfig", ".githooks/", ".husky/", ".devcontainer/", ".vscode/", ".idea/",
    ];

    /// <summary>Names that steer agents or shells, wherever they lie.</summary>
    private static readonly string[] Anywhere =
    [
        "AGENTS.md", "CLAUDE.md", "GEMINI.md", ".claude", ".codex", ".cursor", ".cursorrules", ".aider.conf.yml", ".mcp.json", ".windsurfrules", ".envrc", ".gitattributes",
    ];

    /// <returns>One phrase per reason; none when nobody needs to be asked.</returns>
    public static IReadOnlyList<string> Reasons(
        bool taskNeedsApproval, string review, Contract contract, bool hasRequiredCheck, IReadOnlyCollection<string> changedFiles, IReadOnlyList<string>? declared = null, bool isFleet = false)
    {
        var reasons = new List<string>();
        if (isFleet) reasons.Add("it changes a role, by which agents work");
        if (taskNeedsApproval) reasons.Add("the task asks for it");
        if (review == ReviewPolicies.Person) reasons.Add("every pull request of this project is approved by a person");
        if (contract.Asks(EvidenceKinds.Pr, "approved")) reasons.Add("the task's contract asks for pr(approved)");
        if (!hasRequiredCheck) reasons.Add("no required check proves the change");
        var steering = changedFiles.Where(Steers).Order(StringComparer.Ordinal).ToList();
        if (steering.Count > 0)
            reasons.Add($"it changes what steers checks or agents: {string.Join(", ", steering.Take(3))}{(steering.Count > 3 ? $" and {steering.Count - 3} more" : "")}");
        var named = changedFiles.Where(file => declared?.Any(path => Lies(file, path)) == true).Order(StringComparer.Ordinal).ToList();
        if (named.Count > 0) reasons.Add($"{ProjectRules.FileName} wants a person for {string.Join(", ", named.Take(3))}{(named.Count > 3 ? $" and {named.Count - 3} more" : "")}");
        return reasons;
    }

    private static bool Lies(string file, string path) => file.Equals(path.TrimEnd('/'), StringComparison.OrdinalIgnoreCase) || file.StartsWith(path.TrimEnd('/') + "/", StringComparison.OrdinalIgnoreCase);

    private static bool Steers(string path) =>
        AtRoot.Any(p => p.EndsWith('/') || p == ".woodpecker" ? path.StartsWith(p, StringComparison.OrdinalIgnoreCase) : path.Equals(p, StringComparison.OrdinalIgnoreCase))
        || path.Split('/').Any(part => Anywhere.Contains(part, StringComparer.OrdinalIgnoreCase));
}
