using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Muster.Integrations.S3;

/// <summary>Who signs.</summary>
public sealed record S3Keys(string Id, string Secret, string? Session = null);

/// <summary>AWS Signature Version 4, by the Authorization header, as S3 wants it.</summary>
public static class S3Signature
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>Headers to add to a request: date, hash of the payload and the signature over all that is given.</summary>
    /// <param name="method">GET, PUT ...</param>
    /// <param name="url">With its query, escaped as it is sent.</param>
    /// <param name="headers">Beside the host, those that are to be signed.</param>
    /// <param name="payloadHash">SHA-256 of the body, in hexadecimal.</param>
    /// <param name="at">The time; servers take fifteen minutes to either side.</param>
    /// <param name="region">As the server calls it.</param>
    /// <param name="keys">Who signs.</param>
    public static IReadOnlyList<(string Name, string Value)> Sign(
        string method, Uri url, IEnumerable<(string Name, string Value)> headers, string payloadHash, DateTimeOffset at, string region, S3Keys keys)
    {
        var time = at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        List<(string Name, string Value)> added = [("x-amz-content-sha256", payloadHash), ("x-amz-date", time)];
        if (keys.Session is { } session) added.Add(("x-amz-security-token", session));
        var all = headers.Concat(added).Append(("host", url.Authority))
            .Select(h => (Name: h.Item1.ToLowerInvariant(), Value: h.Item2.Trim())).OrderBy(h => h.Name, StringComparer.Ordinal).ToList();
        var names = string.Join(';', all.Select(h => h.Name));
        var canonical = string.Join('\n', method, url.AbsolutePath, Query(url), string.Concat(all.Select(h => $"{h.Name}:{h.Value}\n")), names, payloadHash);
        var scope = $"{time[..8]}/{region}/s3/aws4_request";
        var toSign = string.Join('\n', Algorithm, time, scope, Hash(canonical));

        var key = Mac(Encoding.UTF8.GetBytes("AWS4" + keys.Secret), time[..8]);
        foreach (var step in (string[])[region, "s3", "aws4_request"]) key = Mac(key, step);
        added.Add(("Authorization", $"{Algorithm} Credential={keys.Id}/{scope},SignedHeaders={names},Signature={Convert.ToHexStringLower(Mac(key, toSign))}"));
        return added;
    }

    /// <summary>Escapes a name or a value as the signature wants it: all but letters, digits and -._~.</summary>
    public static string Escape(string text, bool keepSlashes = false)
    {
        var escaped = new StringBuilder();
        foreach (var one in Encoding.UTF8.GetBytes(text))
        {
            var letter = (char)one;
            if (char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_' or '~' || (keepSlashes && letter == '/')) escaped.Append(letter);
            else escaped.Append(CultureInfo.InvariantCulture, $"%{one:X2}");
        }

        return escaped.ToString();
    }

    private static string Query(Uri url) => string.Join('&', url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Contains('=', StringComparison.Ordinal) ? pair : pair + "=").Order(StringComparer.Ordinal));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static byte[] Mac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
}
