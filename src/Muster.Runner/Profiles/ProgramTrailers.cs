using System.Text.RegularExpressions;
using Muster.Contracts.Delivery;

namespace Muster.Runner.Profiles;

/// <summary>
/// What a program of others says at the end of its last message beside the summary: proof that is not in the repository, a lesson. It has no
/// tool for that; lines of a known form it can write. Pure.
/// </summary>
internal sealed partial record ProgramTrailers(string Summary, IReadOnlyList<EvidenceClaim> Evidence, string? Lesson)
{
    public const string EvidenceForm = "EVIDENCE research: what it points at";

    public const string LessonForm = "LESSON: one sentence";

    private const int MostLines = 30;
    private const int MostEvidence = 20;

    /// <summary>Looks at the last lines alone: what a message quotes in its middle is no claim.</summary>
    public static ProgramTrailers Read(string message)
    {
        var lines = message.TrimEnd().Split('\n').ToList();
        List<EvidenceClaim> evidence = [];
        string? lesson = null;
        for (var seen = 0; seen < MostLines && lines.Count > 0; seen++)
        {
            var line = lines[^1].Trim();
            if (lesson is null && LessonLine().Match(line) is { Success: true } learnt) lesson = learnt.Groups["lesson"].Value;
            else if (line.Length > 0 && !Take(line, evidence)) break;
            lines.RemoveAt(lines.Count - 1);
        }

        evidence.Reverse();
        return new ProgramTrailers(string.Join('\n', lines).TrimEnd(), evidence, lesson);
    }

    private static bool Take(string line, List<EvidenceClaim> evidence)
    {
        if (EvidenceLine().Match(line) is not { Success: true } claim || evidence.Count >= MostEvidence) return false;
        evidence.Add(new EvidenceClaim { Kind = claim.Groups["kind"].Value.ToLowerInvariant(), Reference = claim.Groups["reference"].Value });
        return true;
    }

    [GeneratedRegex(@"^[-*\s]{0,4}EVIDENCE\s+(?<kind>research|citation|deployment):\s+(?<reference>\S.{0,1999})$", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EvidenceLine();

    [GeneratedRegex(@"^[-*\s]{0,4}LESSON:\s+(?<lesson>\S.{0,999})$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LessonLine();
}
