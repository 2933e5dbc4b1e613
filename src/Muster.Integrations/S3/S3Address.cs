using Muster.ControlPlane.Backups;

namespace Muster.Integrations.S3;

/// <summary>
/// A bucket as people write it: <c>s3://BUCKET/PREFIX?endpoint=https://HOST:9000&amp;region=REGION</c>. Without an endpoint it is
/// Amazon's, with the bucket in the name of the host; with one, the bucket is the first part of the path.
/// </summary>
public sealed record S3Address(string Bucket, string Prefix, Uri Root, string Region)
{
    private const string Scheme = "s3://";
    private const string DefaultRegion = "us-east-1";

    public static bool IsOne(string text) => text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="BackupException">It is not such an address; the message says why.</exception>
    public static S3Address Parse(string text)
    {
        var (main, query) = Cut(text[Scheme.Length..], '?');
        var (bucket, prefix) = Cut(main, '/');
        if (bucket.Length is < 3 or > 63 || !bucket.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')) throw Wrong($"'{bucket}' is no name of a bucket");
        var (endpoint, region) = ("", Environment.GetEnvironmentVariable("AWS_REGION") is { Length: > 0 } named ? named : DefaultRegion);
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = Cut(pair, '=');
            value = Uri.UnescapeDataString(value);
            if (name == "endpoint") endpoint = value;
            else if (name == "region") region = value;
            else throw Wrong($"'{name}' is not known; endpoint and region are");
        }

        prefix = prefix.Trim('/');
        if (endpoint.Length == 0) return new S3Address(bucket, prefix, new Uri($"https://{bucket}.s3.{region}.amazonaws.com/"), region);
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var at) || at.Scheme is not ("http" or "https")) throw Wrong($"'{endpoint}' is no address of a server");
        return new S3Address(bucket, prefix, new Uri(at, $"/{bucket}/"), region);
    }

    /// <summary>Key of a name in this place.</summary>
    public string Key(string name) => Prefix.Length == 0 ? name : $"{Prefix}/{name}";

    public override string ToString() => $"{Scheme}{Bucket}/{Prefix}";

    private static (string Before, string After) Cut(string text, char at)
    {
        var index = text.IndexOf(at, StringComparison.Ordinal);
        return index < 0 ? (text, "") : (text[..index], text[(index + 1)..]);
    }

    private static BackupException Wrong(string why) => new($"The place cannot be used: {why}. It is written s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION.");
}
