using Muster.Contracts.Delivery;

namespace Muster.ControlPlane.Delivery;

/// <summary>One thing that done needs: a kind of evidence, and what it must show when that is said.</summary>
public sealed record ContractItem(string Kind, string? Outcome)
{
    public override string ToString() => Outcome is null ? Kind : $"{Kind}({Outcome})";
}

/// <summary>
/// What a task's contract asks for, such as <c>commit + test(pass) + pr(merged)</c>: items joined by <c>+</c>. Pure.
/// </summary>
public sealed record Contract(IReadOnlyList<ContractItem> Items)
{
    /// <summary>What may stand in brackets behind each kind.</summary>
    private static readonly Dictionary<string, string[]> Outcomes = new(StringComparer.Ordinal)
    {
        [EvidenceKinds.Commit] = [],
        [EvidenceKinds.Test] = ["pass"],
        [EvidenceKinds.Build] = ["pass"],
        [EvidenceKinds.Pr] = ["opened", "approved", "merged"],
        [EvidenceKinds.Deployment] = ["healthy"],
        [EvidenceKinds.Research] = [],
        [EvidenceKinds.Citation] = [],
    };

    public static Contract Empty { get; } = new([]);

    public bool Asks(string kind, string? outcome = null) =>
        Items.Any(i => i.Kind == kind && (outcome is null || i.Outcome == outcome));

    /// <summary>Whether anything in it can only come from commits.</summary>
    public bool AsksForGit => Items.Any(i => i.Kind is EvidenceKinds.Commit or EvidenceKinds.Test or EvidenceKinds.Build or EvidenceKinds.Pr);

    /// <summary>Whether the work must reach the target branch.</summary>
    public bool AsksForMerge => Asks(EvidenceKinds.Pr, "merged") || Asks(EvidenceKinds.Deployment);

    /// <summary>Reads a contract. Every error is reported, each with what would be right.</summary>
    public static (Contract? Contract, IReadOnlyList<string> Errors) Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return (Empty, []);
        if (text.Length > 500) return (null, ["A contract has at most 500 characters."]);
        var items = new List<ContractItem>();
        var errors = new List<string>();
        foreach (var part in text.Split('+'))
        {
            if (ParseItem(part.Trim(), errors) is not { } item) continue;
            if (items.Contains(item)) errors.Add($"'{item}' stands in the contract twice.");
            else items.Add(item);
        }

        return errors.Count > 0 ? (null, errors) : (new Contract(items), []);
    }

    /// <summary>The items for which no evidence stands. Evidence about a commit counts only for one of <paramref name="commits"/>.</summary>
    /// <param name="commits">The head, and what was merged of it.</param>
    public IReadOnlyList<ContractItem> Missing(IEnumerable<EvidenceRow> evidence, IReadOnlyCollection<string> commits)
    {
        var standing = evidence.Where(e => e.Sha is null || commits.Contains(e.Sha)).ToList();
        return [.. Items.Where(item => !standing.Any(e => Satisfies(e, item)))];
    }

    public override string ToString() => string.Join(" + ", Items);

    private static bool Satisfies(EvidenceRow evidence, ContractItem item)
    {
        if (evidence.Kind != item.Kind) return false;
        // What the plane can see for itself counts only when it has; of a source it can see no more than that it is there.
        var counts = evidence.Verified || item.Kind is EvidenceKinds.Research or EvidenceKinds.Citation;
        return counts && (item.Outcome is null || Shows(evidence.Outcome, item.Outcome));
    }

    /// <summary>A pull request that was merged was opened too.</summary>
    private static bool Shows(string? outcome, string wanted) =>
        outcome == wanted || (wanted == "opened" && outcome is "approved" or "merged");

    private static ContractItem? ParseItem(string text, List<string> errors)
    {
        if (text.Length == 0)
        {
            errors.Add("Something is missing beside a '+': write it as commit + test(pass) + pr(merged).");
            return null;
        }

        var open = text.IndexOf('(', StringComparison.Ordinal);
        var kind = (open < 0 ? text : text[..open]).Trim();
        if (!Outcomes.TryGetValue(kind, out var allowed))
        {
            errors.Add($"'{Shorten(kind)}' is no kind of evidence: use {string.Join(", ", Outcomes.Keys)}.");
            return null;
        }

        // Work that is to be shown by a pull request is wanted in the target branch, where nothing else is said.
        if (open < 0) return new ContractItem(kind, kind == EvidenceKinds.Pr ? "merged" : null);
        var outcome = text.EndsWith(')') ? text[(open + 1)..^1].Trim() : "";
        if (allowed.Contains(outcome, StringComparer.Ordinal)) return new ContractItem(kind, outcome);
        errors.Add(allowed.Length == 0
            ? $"'{kind}' takes nothing in brackets."
            : $"'{Shorten(text)}' is not understood: write {string.Join(" or ", allowed.Select(a => $"{kind}({a})"))}.");
        return null;
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..37] + "...";
}
