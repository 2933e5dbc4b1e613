using Dapper;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>
/// Looks at what agents attached as research and citations. That a file or an artifact is there can be seen; what it is
/// worth, and whether a URL says what it is said to say, only a person can vouch for.
/// </summary>
internal static class ClaimProof
{
    /// <returns>The claims that hold, and why one does not when one does not.</returns>
    public static async Task<(IReadOnlyList<EvidenceRow> Seen, string? Refusal)> ReadAsync(
        Store store, IRepository? repository, string? head, IEnumerable<EvidenceRow> evidence, CancellationToken ct)
    {
        var seen = new List<EvidenceRow>();
        IReadOnlyList<string>? files = null;
        foreach (var claim in evidence.Where(e => !e.Verified && e.Kind is EvidenceKinds.Research or EvidenceKinds.Citation))
        {
            if (IsUrl(claim.Reference)) continue;
            if (LooksLikeArtifact(claim.Reference))
            {
                var found = await store.ReadAsync(
                    c => c.QueryFirstOrDefaultAsync<string>("SELECT id FROM artifacts WHERE id = @reference OR sha256 = @reference", new { reference = claim.Reference.ToLowerInvariant() }), ct);
                if (found is null) return (seen, $"the artifact {claim.Reference} that it names as {claim.Kind} does not exist");
            }
            else
            {
                if (repository is null || head is null) return (seen, $"'{Brief(claim.Reference)}' that it names as {claim.Kind} is neither a URL nor an artifact, and no commit was handed in that could hold the file");
                files ??= await repository.ListFilesAsync(head, ct);
                if (!files.Contains(claim.Reference, StringComparer.Ordinal))
                    return (seen, $"the file '{Brief(claim.Reference)}' that it names as {claim.Kind} is not in the commit {GitText.Brief(head)}");
            }

            seen.Add(claim);
        }

        return (seen, null);
    }

    public static bool IsUrl(string reference) =>
        Uri.TryCreate(reference, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";

    private static bool LooksLikeArtifact(string reference) => Ids.IsId(reference) || (reference.Length == 64 && reference.All(char.IsAsciiHexDigit));

    private static string Brief(string text) => text.Length <= 100 ? text : text[..97] + "...";
}
