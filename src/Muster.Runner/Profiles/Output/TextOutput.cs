using System.Text.RegularExpressions;

namespace Muster.Runner.Profiles.Output;

/// <summary>Plain text for people: all of it is said, and the last paragraph is what the program said last.</summary>
/// <param name="tokens">Finds the counts, as groups <c>in</c> and <c>out</c> with an optional <c>k</c>; null where the program says none.</param>
internal sealed class TextOutput(Regex? tokens = null) : IProgramOutput
{
    private const int Longest = 2_000;

    private string _paragraph = "";

    public void Read(string line, ProgramReport report)
    {
        report.Say(line);
        if (tokens?.Match(line) is { Success: true } match)
        {
            report.Count(new ProgramTokens(Count(match.Groups["in"].Value), Count(match.Groups["out"].Value), 0), add: true);
            return;
        }

        if (line.Trim().Length == 0) _paragraph = "";
        else if (_paragraph.Length < Longest) _paragraph += line + "\n";
        report.Finish(_paragraph);
    }

    private static long Count(string text) =>
        text.EndsWith('k') ? (long)(double.Parse(text[..^1]) * 1000) : long.Parse(text.Replace(",", "", StringComparison.Ordinal));
}
