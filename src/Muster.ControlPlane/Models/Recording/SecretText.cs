using System.Text.RegularExpressions;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>Takes what looks like a secret out of a text, and the secrets that are known.</summary>
public sealed partial class SecretText(IEnumerable<string> known)
{
    /// <summary>Stands where a secret was; it fits into JSON.</summary>
    public const string Removed = "[secret removed]";

    /// <summary>Shorter ones would be found in ordinary words.</summary>
    private const int ShortestKnown = 8;

    private readonly string[] _known = [.. known.Where(k => k.Length >= ShortestKnown).OrderByDescending(k => k.Length)];

    public string Remove(string text)
    {
        foreach (var secret in _known) text = text.Replace(secret, Removed, StringComparison.Ordinal);
        return Shapes().Replace(text, Removed);
    }

    public bool IsIn(string text) => _known.Any(k => text.Contains(k, StringComparison.Ordinal)) || Shapes().IsMatch(text);

    // Tokens of Muster, of providers of models, forges, clouds and chats; private keys; what is sent as a bearer; passwords in addresses.
    [GeneratedRegex(
        """(?:mst|mls|msr)_[A-Za-z0-9_-]{20,}|\bsk-[A-Za-z0-9_-]{16,}|\bgsk_[A-Za-z0-9]{16,}|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}|\bglpat-[A-Za-z0-9_-]{16,}|\bA(?:KIA|SIA)[0-9A-Z]{16}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bAIza[0-9A-Za-z_-]{30,}|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:(?!-----END)[^"])*(?:-----END [A-Z ]*PRIVATE KEY-----)?|(?<=\bBearer )[A-Za-z0-9._~+/=-]{16,}|(?<=://[^/\s:@"\\]{1,100}:)[^/\s:@"\\]{1,200}(?=@)""",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Shapes();
}
