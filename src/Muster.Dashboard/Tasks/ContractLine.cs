using Muster.Contracts.Delivery;
using Muster.Contracts.Work;

namespace Muster.Dashboard.Tasks;

/// <summary>What done needs, beside what is there for it.</summary>
/// <param name="Item">As the contract says it: <c>test(pass)</c>.</param>
/// <param name="Evidence">The newest that speaks to it; null while there is none.</param>
/// <param name="Stands">Whether it counts: the plane has seen it for itself, at the commit that is meant.</param>
public sealed record ContractLine(string Item, EvidenceInfo? Evidence, bool Stands)
{
    /// <summary>How it stands, in a few words.</summary>
    public string Told => Evidence switch
    {
        null => "not there yet",
        _ when Stands => $"seen by {Evidence.VerifiedBy ?? "the plane"}",
        { Verified: false } => "claimed, not seen yet",
        { Outcome: { } outcome } => $"so far: {outcome}",
        _ => "of another commit",
    };

    /// <summary>Every item of a contract. What the plane decides is its own to say; this shows why.</summary>
    public static IReadOnlyList<ContractLine> Of(TaskInfo task, IReadOnlyList<EvidenceInfo> evidence, IReadOnlyList<PullInfo> pulls)
    {
        string?[] commits = [task.HeadSha, .. pulls.Select(p => p.MergeSha)];
        return
        [
            .. task.Contract.Split('+', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(item =>
            {
                var open = item.IndexOf('(', StringComparison.Ordinal);
                var (kind, outcome) = open < 0 ? (item, null) : (item[..open], item[(open + 1)..].TrimEnd(')'));
                var about = evidence.Where(e => e.Kind == kind).OrderByDescending(e => Counts(e, outcome, commits)).ThenByDescending(e => e.CreatedAt).FirstOrDefault();
                return new ContractLine(item, about, about is not null && Counts(about, outcome, commits));
            }),
        ];
    }

    private static bool Counts(EvidenceInfo evidence, string? outcome, string?[] commits) =>
        (evidence.Verified || evidence.Kind is EvidenceKinds.Research or EvidenceKinds.Citation)
        && (evidence.Sha is null || commits.Contains(evidence.Sha))
        && (outcome is null || evidence.Outcome == outcome || (outcome == "opened" && evidence.Outcome is "approved" or "merged"));
}
