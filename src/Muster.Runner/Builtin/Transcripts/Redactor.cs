using System.Collections;
using System.Text;
using System.Text.RegularExpressions;
using Muster.Runner.Processes;

namespace Muster.Runner.Builtin.Transcripts;

/// <summary>Takes secrets out of text: those it knows, in the forms they travel in, and what looks like one.</summary>
public sealed partial class Redactor
{
    private const string Gone = "[redacted]";
    private const int ShortestSecret = 8;

    private readonly string[] _known;

    /// <param name="secrets">Secrets that must not show.</param>
    public Redactor(params IEnumerable<string> secrets) =>
        _known = [.. secrets.Where(secret => secret.Length >= ShortestSecret).SelectMany(Forms).Distinct(StringComparer.Ordinal).OrderByDescending(form => form.Length)];

    /// <summary>With the given secrets, and every variable of this process whose name says that it is one.</summary>
    public static Redactor ForProcess(params IEnumerable<string> secrets) => new(secrets.Concat(FromEnvironment()));

    /// <summary>Without known secrets. For what a model reads: it must be able to work on a file that merely looks secret.</summary>
    public string WithoutKnown(string text)
    {
        foreach (var form in _known) text = text.Replace(form, Gone, StringComparison.Ordinal);
        return text;
    }

    /// <summary>Without known secrets and without what looks like one. For logs, transcripts and whatever is handed in.</summary>
    public string Clean(string text) => Named().Replace(Shapes().Replace(WithoutKnown(Texts.Plain(text)), Gone), match => match.Groups["name"].Value + Gone);

    /// <summary>Whether a known secret stands in it.</summary>
    public bool Finds(string text) => _known.Any(form => text.Contains(form, StringComparison.Ordinal));

    private static IEnumerable<string> FromEnvironment()
    {
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (entry is { Key: string name, Value: string value } && ChildEnvironment.LooksSecret(name)) yield return value;
        }
    }

    // Base64 of a secret inside a longer text differs at its ends by what stands around it; its middle is the same at each of three offsets.
    private static IEnumerable<string> Forms(string secret)
    {
        yield return secret;
        yield return Uri.EscapeDataString(secret);
        yield return new string([.. secret.Reverse()]);
        var bytes = Encoding.UTF8.GetBytes(secret);
        yield return Convert.ToHexStringLower(bytes);
        yield return Convert.ToHexString(bytes);
        for (var offset = 0; offset < 3; offset++)
        {
            var encoded = Convert.ToBase64String([.. new byte[offset], .. bytes]).TrimEnd('=');
            var (start, end) = ((offset * 8 + 5) / 6, encoded.Length - ((offset + bytes.Length) % 3 == 0 ? 0 : 1));
            if (end - start < ShortestSecret) continue;
            var middle = encoded[start..end];
            yield return middle;
            yield return middle.Replace('+', '-').Replace('/', '_');
        }
    }

    // Prefixes that their makers document, so that they are found.
    [GeneratedRegex(
        @"\b(mst_|mls_|ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|glpat-|xox[abprs]-|sk-(ant-|or-|proj-)?|gsk_|npm_|pypi-|hf_|AIza|dop_v1_|shpat_|SG\.)[A-Za-z0-9_.\-]{16,}|\b(AKIA|ASIA)[A-Z0-9]{16}\b|\beyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(-----END [A-Z ]*PRIVATE KEY-----)?",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Shapes();

    // password=..., "api_key": "...", Authorization: Bearer ..., https://user:password@host
    [GeneratedRegex(
        @"(?<name>(?i:(password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret)[""']?\s{0,3}[:=]\s{0,3}[""']?|bearer\s{1,3}|basic\s{1,3}|://[^/\s:@]{1,100}:))(?<value>[A-Za-z0-9+/=_.~\-!#$%&*]{12,})",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Named();
}
